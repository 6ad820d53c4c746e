#include "policy/base/settings.h"

#include <array>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Node scalar(std::string text, int line) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  node.where = {"f", line, 5};
  return node;
}

Node map(std::initializer_list<std::pair<const char*, const char*>> entries) {
  Node node;
  node.kind = Node::Kind::map;
  int line = 0;
  for (const auto& [key, value] : entries) {
    ++line;
    Node name = scalar(key, line);
    name.where.column = 1;
    node.entries.emplace_back(std::move(name), scalar(value, line));
  }
  return node;
}

TEST(Settings, AnswersWhatStandsThereOrTheDefault) {
  Problems problems;
  const Node node = map({{"timeout", "1500ms"}, {"most", "7"}, {"on", "yes"}, {"way", "fast"}});
  Settings s("checks.x", &node, problems);
  constexpr std::array<std::string_view, 2> kWays{"fast", "slow"};
  EXPECT_EQ(s.duration("timeout", seconds(5), milliseconds(100), seconds(60), "d"), milliseconds(1500));
  EXPECT_EQ(s.duration("other", seconds(5), milliseconds(100), seconds(60), "d"), seconds(5));
  EXPECT_EQ(s.number("most", 3, 1, 10, "d"), 7);
  EXPECT_TRUE(s.flag("on", false, "d"));
  EXPECT_EQ(s.word("way", "slow", kWays, "d"), "fast");
  s.finish();
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(s.asked().size(), 5u);
  EXPECT_EQ(s.asked()[1].fallback, "5s");
}

TEST(Settings, TellsEveryMistakeWithItsPlace) {
  Problems problems;
  const Node node = map({{"timeout", "5 apples"}, {"most", "99"}, {"on", "maybe"}, {"way", "fats"}, {"tymeout", "5s"}});
  Settings s("checks.x", &node, problems);
  constexpr std::array<std::string_view, 2> kWays{"fast", "slow"};
  EXPECT_EQ(s.duration("timeout", seconds(5), milliseconds(100), seconds(60), "d"), seconds(5));
  s.number("most", 3, 1, 10, "d");
  s.flag("on", false, "d");
  s.word("way", "slow", kWays, "d");
  s.finish();
  std::vector<std::string> lines;
  for (const Problem& p : problems.sorted()) lines.push_back(p.line());
  EXPECT_THAT(lines, testing::ElementsAre(
                         "f:1:5: checks.x.timeout: \"5 apples\" is no duration; write 500ms, 5s, 2m, 24h or 7d",
                         "f:2:5: checks.x.most: \"99\" is no number from 1 to 10",
                         "f:3:5: checks.x.on: \"maybe\" is neither yes nor no",
                         "f:4:5: checks.x.way has no value \"fats\" (fast, slow); did you mean \"fast\"?",
                         "f:5:1: checks.x has no setting \"tymeout\"; did you mean \"timeout\"?"));
}

TEST(Settings, DurationsHaveAUnit) {
  milliseconds d{};
  EXPECT_TRUE(parse_duration("7d", d));
  EXPECT_EQ(d, std::chrono::hours(168));
  for (const char* bad : {"", "5", "5 s", "-5s", "5sec", "99999999999999999999s", "9223372036854775807d"})
    EXPECT_FALSE(parse_duration(bad, d)) << bad;
}

}  // namespace
}  // namespace postern
