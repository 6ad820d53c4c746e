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

fs::path vectors(const char* file) {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "psl" / file;
}

// "null" is none; what is no domain name has none.
void check(std::string_view name, std::string_view organization, const std::string& line) {
  const auto domain = Domain::parse(name);
  const auto wanted = organization == "null" ? std::nullopt : Domain::parse(organization);
  EXPECT_EQ(domain ? organizational_domain(*domain) : std::nullopt, wanted) << line;
}

TEST(PublicSuffixVectors, HaveTheirOrganizationalDomain) {
  const fs::path path = vectors("tests.txt");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream in(path);
  int checked = 0;
  for (std::string line; std::getline(in, line);) {
    const auto words = split(trim(line), ' ');
    if (line.starts_with("//") || words.size() != 2) continue;
    ++checked;
    check(words[0], words[1], line);
  }
  EXPECT_EQ(checked, 78);
}

// The same in their older form: checkPublicSuffix('name', 'organization');
TEST(PublicSuffixVectors, OfTheOlderFormHaveItToo) {
  const fs::path path = vectors("test_psl.txt");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  std::ifstream in(path);
  int checked = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("checkPublicSuffix(")) continue;
    std::erase(line, '\'');
    const auto words = split(std::string_view(line).substr(18, line.rfind(')') - 18), ',');
    ASSERT_EQ(words.size(), 2u) << line;
    ++checked;
    check(trim(words[0]), trim(words[1]), line);
  }
  EXPECT_EQ(checked, 78);
}

}  // namespace
}  // namespace postern
