// docs/faults.md names no test that does not exist, and no fault without tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "tests/house/documents.h"
#include "tests/house/source_tree.h"

namespace postern::house {
namespace {

// "Suite.Name" of every test of the sources.
std::set<std::string> tests_of(const std::vector<SourceFile>& sources) {
  static const std::regex kTest(R"((?:^|\n)TEST(?:_F|_P)?\((\w+),\s*(\w+)\))");
  std::set<std::string> names;
  for (const SourceFile& source : sources) {
    for (std::sregex_iterator it(source.text.begin(), source.text.end(), kTest), end; it != end; ++it)
      names.insert((*it)[1].str() + "." + (*it)[2].str());
  }
  return names;
}

// What a cell names as tests: `Suite.Name`, and files of tests/.
std::vector<std::string> named_in(const std::string& cell) {
  static const std::regex kNamed(R"(`([A-Z]\w*\.[A-Z]\w*|tests/[\w/.]+)`)");
  std::vector<std::string> names;
  for (std::sregex_iterator it(cell.begin(), cell.end(), kNamed), end; it != end; ++it) names.push_back((*it)[1]);
  return names;
}

std::vector<std::string> missing_tests(std::string_view page, const std::set<std::string>& tests) {
  std::vector<std::string> missing;
  for (const std::vector<std::string>& row : rows_of(page)) {
    if (row.empty() || !row[0].starts_with('T')) continue;
    if (row.size() != 4 || named_in(row[2]).empty() || row[3].empty()) {
      missing.push_back(row[0] + " has no tests");
      continue;
    }
    for (const std::string& cell : {row[2], row[3]}) {
      for (const std::string& name : named_in(cell)) {
        const bool exists = name.starts_with("tests/") ? !text_of(name).empty() : tests.contains(name);
        if (!exists) missing.push_back(row[0] + " names " + name);
      }
    }
  }
  return missing;
}

TEST(Faults, AreHeldByTestsThatExist) {
  const std::string page = text_of("docs/faults.md");
  ASSERT_FALSE(page.empty());
  const std::set<std::string> tests = tests_of(files({"tests"}, is_cpp));
  for (const std::string& line : missing_tests(page, tests)) ADD_FAILURE() << line;
}

TEST(Faults, ATestThatDoesNotExistIsSeen) {
  const std::set<std::string> tests = tests_of({{"a.cc", "\nTEST(A, Holds) {\nTEST_P(B, Too) {\n"}});
  EXPECT_EQ(missing_tests("| T1 | x | `A.Holds` | `B.Too` |\n", tests), std::vector<std::string>{});
  EXPECT_EQ(missing_tests("| T1 | x | `A.Held` | the same |\n", tests).size(), 1U);
  EXPECT_EQ(missing_tests("| T1 | x | `tests/none.py` | the same |\n", tests).size(), 1U);
  EXPECT_EQ(missing_tests("| T1 | x | by hand | the same |\n", tests).size(), 1U);
  EXPECT_EQ(missing_tests("| T1 | x | `A.Holds` | |\n", tests).size(), 1U);
}

}  // namespace
}  // namespace postern::house
