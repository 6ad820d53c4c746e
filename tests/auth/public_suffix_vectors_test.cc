// The vectors of publicsuffix.org, where they are at hand.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "policy/auth/public_suffix.h"
#include "policy/base/text.h"

namespace postern {
namespace {

namespace fs = std::filesystem;

TEST(PublicSuffixVectors, HaveTheirOrganizationalDomain) {
  const char* shared = ::getenv("POSTERN_SHARED");
  const fs::path path = (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") /
                        "testdata" / "psl" / "tests.txt";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream in(path);
  int checked = 0;
  for (std::string line; std::getline(in, line);) {
    const auto words = split(trim(line), ' ');
    const auto domain = words.size() == 2 ? Domain::parse(words[0]) : std::nullopt;
    if (line.starts_with("//") || !domain || words[0].starts_with('.')) continue;
    ++checked;
    const auto wanted = words[1] == "null" ? std::nullopt : Domain::parse(words[1]);
    EXPECT_EQ(organizational_domain(*domain), wanted) << line;
  }
  EXPECT_GE(checked, 60);
}

}  // namespace
}  // namespace postern
