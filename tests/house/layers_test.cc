#include "tests/house/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/house/source_tree.h"

namespace postern::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kProduct{"milter", "config", "policy"};

TEST(Layers, IncludeOneWayAndLibrariesByTheirDoors) {
  const auto sources = files(kProduct, is_cpp);
  EXPECT_GT(sources.size(), 50U);
  for (const SourceFile& file : sources) {
    for (const std::string& line : broken_includes(file.path, file.text)) ADD_FAILURE() << line;
  }
}

TEST(Layers, AWrongIncludeIsSeen) {
  EXPECT_THAT(broken_includes("policy/dns/x.cc", "#include \"policy/dns/y.h\"\n#include \"policy/rules/z.h\"\n"),
              ElementsAre("policy/dns/x.cc:2: dns may not include policy/rules/z.h"));
  EXPECT_THAT(broken_includes("policy/auth/x.cc", "#include \"policy/rules/list.h\"\n"),
              ElementsAre("policy/auth/x.cc:1: auth may not include policy/rules/list.h"));
  EXPECT_THAT(broken_includes("config/x.cc", "# include \"milter/y.h\"\n"),
              ElementsAre("config/x.cc:1: config may not include milter/y.h"));
  EXPECT_THAT(broken_includes("config/x.cc", "#include \"y.h\"\n"),
              ElementsAre("config/x.cc:1: config may not include y.h"));
  EXPECT_THAT(broken_includes("policy/new/x.cc", ""), ElementsAre("policy/new/x.cc: new is no layer"));
  EXPECT_THAT(broken_includes("policy/rules/x.cc", "#include <yaml-cpp/yaml.h>\n"),
              ElementsAre("policy/rules/x.cc:1: <yaml-cpp/yaml.h> has another door"));
  EXPECT_THAT(broken_includes("policy/dns/x.cc", "#include <unbound.h>\n#include <sys/socket.h>\n#include <vector>\n"),
              ElementsAre("policy/dns/x.cc:1: <unbound.h> has another door"));
  EXPECT_THAT(broken_includes("milter/x.cc", "#include <libmilter/mfapi.h>\n#include \"policy/base/text.h\"\n"),
              IsEmpty());
  EXPECT_THAT(broken_includes("milter/x.cc", "#include <boost/asio.hpp>\n"),
              ElementsAre("milter/x.cc:1: <boost/asio.hpp> has another door"));
}

}  // namespace
}  // namespace postern::house
