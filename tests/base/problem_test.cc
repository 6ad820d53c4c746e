#include "policy/base/problem.h"

namespace postern {
namespace {

TEST(Problems, AreToldAtOnceInTheOrderOfTheFile) {
  Problems problems;
  problems.error({"b.yaml", 1, 1}, "first file met");
  problems.error({"a.yaml", 9, 2}, "late");
  problems.warning({"a.yaml", 3, 5}, "odd", "try this");
  problems.later({"a.yaml", 3, 1}, "check spf");
  std::vector<std::string> lines;
  for (const Problem& p : problems.sorted()) lines.push_back(p.line());
  EXPECT_THAT(lines, testing::ElementsAre("b.yaml:1:1: first file met", "a.yaml:3:1: check spf is not in this version",
                                          "a.yaml:3:5: warning: odd; try this", "a.yaml:9:2: late"));
  EXPECT_FALSE(problems.usable());
}

TEST(Problems, WarningsAloneAreLivedWith) {
  Problems problems;
  problems.warning({"a", 1, 1}, "odd");
  EXPECT_TRUE(problems.usable());
}

TEST(Problems, AHostileMessageStaysOneLine) {
  Problems problems;
  problems.error({"a", 1, 1}, "bad \n\x1b[2J");
  EXPECT_EQ(problems.all()[0].line(), "a:1:1: bad \\x0a\\x1b[2J");
}

}  // namespace
}  // namespace postern
