// What is wrong in `limits:` is told with its line, its column and what would be right.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/configuration.h"
#include "tests/support/temp_folder.h"

namespace postern::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LimitsSection : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  /// The problems of a configuration whose line 4 is a limit `user` with these keys, read by a rule.
  std::vector<std::string> told(const std::string& keys, const std::string& rules = "",
                                const std::string& name = "user", const std::string& further = "") const {
    return load(
        "version: 1\n"
        "site: {hostname: mx.a.example, domains: [a.example]}\n"
        "limits:\n"
        "  " +
        name + ": {" + keys + "}\n" + further + "rules:\n" + rules + "  - {name: r, when: limit." + name +
        " is over, defer: true}\n");
  }
  std::vector<std::string> load(const std::string& text) const {
    Problems problems;
    loaded_ = load_text("t.yaml", text, folder_.path(), {}, problems).has_value();
    std::vector<std::string> lines;
    for (const Problem& problem : problems.sorted()) lines.push_back(problem.line());
    return lines;
  }

  test::TempFolder folder_;
  mutable bool loaded_ = false;
};

constexpr const char* kWrite = "write 500/24h, 30/1m burst 10, or account.NAME/24h";

TEST_F(LimitsSection, OfASoundLimitHasNoProblems) {
  EXPECT_THAT(told("per: login, count: recipients, allow: [60/1m burst 10, 500/24h], near: 100%, unavailable: defer"),
              IsEmpty());
  EXPECT_TRUE(loaded_);
  EXPECT_THAT(told("allow: account.daily/24h, else: 5/1h"), IsEmpty());
  EXPECT_THAT(told("per: [login, tag], allow: 5/1h", "  - {name: t, when: authenticated, tag: x}\n"), IsEmpty());
  write("quotas.txt", "eva@a.example 5/24h\n");
  EXPECT_THAT(told("per: login, allow: 5/1h, override: [{file: quotas.txt}, {keys: [b@a.example], allow: off}]"),
              IsEmpty());
  EXPECT_TRUE(loaded_);
}

TEST_F(LimitsSection, TellsWhatIsNoAllowance) {
  const auto allowed = [&](const std::string& allow) { return told("per: login, allow: " + allow); };
  const auto error = [](const std::string& what) {
    return std::vector<std::string>{"t.yaml:4:29: " + what + "; " + kWrite};
  };
  EXPECT_EQ(allowed("500/0h"), error("\"500/0h\": a window is from 1s to 31d long, not 0h"));
  EXPECT_FALSE(loaded_);
  EXPECT_EQ(allowed("5/32d"), error("\"5/32d\": a window is from 1s to 31d long, not 32d"));
  EXPECT_EQ(allowed("-1/1h"), error("\"-1/1h\": -1 is less than nothing"));
  EXPECT_EQ(allowed("5/1y"), error("\"5/1y\": \"1y\" is no length of time (s, m, h, d, w)"));
  EXPECT_EQ(allowed("500"), error("\"500\": a number without a window"));
  EXPECT_EQ(allowed("30/1m burst 60"), error("\"30/1m burst 60\": a burst of 60 is more than is allowed at all"));
  EXPECT_EQ(allowed("9999999999999/1h"), error("\"9999999999999/1h\": 9999999999999 is more than can be counted"));
}

TEST_F(LimitsSection, TellsWindowsThatCannotAllHold) {
  EXPECT_THAT(told("allow: [500/24h, 400/1d]"),
              ElementsAre("t.yaml:4:3: limit \"user\" has two windows of one length; the smaller number is enough"));
  EXPECT_THAT(told("allow: [1/1s, 2/2s, 3/3s, 4/4s, 5/5s]"), ElementsAre("t.yaml:4:3: a limit has at most 4 windows"));
  EXPECT_THAT(told("count: distinct-recipients, allow: 20000/24h"),
              ElementsAre("t.yaml:4:45: of distinct-recipients at most 10000 can be told apart"));
  EXPECT_THAT(told("per: login"),
              ElementsAre("t.yaml:4:3: limit \"user\" does not say what it allows; allow: [30/1m, 500/24h]"));
}

TEST_F(LimitsSection, TellsAFactWithoutANumberInItsPlace) {
  EXPECT_THAT(told("allow: account.daily/24h"),
              ElementsAre("t.yaml:4:17: account.daily may be absent, and nothing would be limited then; say what holds "
                          "without it: else: 200/24h"));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("allow: account.daily/24h, else: account.other/24h"),
              Contains("t.yaml:4:42: here stands a number, not a fact; 200/24h"));
}

TEST_F(LimitsSection, TellsWhatIsNoKey) {
  EXPECT_THAT(told("per: logn, allow: 5/1h"),
              ElementsAre("t.yaml:4:15: there is no fact \"logn\"; did you mean \"login\"?"));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("per: [login, sendr], allow: 5/1h"),
              ElementsAre(HasSubstr("t.yaml:4:23: there is no fact \"sendr\"")));
  EXPECT_THAT(told("per: limit.user, allow: 5/1h"), ElementsAre("t.yaml:4:15: a limit is no key"));
  EXPECT_THAT(told("per: [login, all], allow: 5/1h"), ElementsAre("t.yaml:4:23: all stands alone"));
  EXPECT_THAT(told("per: tag, allow: 5/1h"), ElementsAre("t.yaml:4:15: no rule in force sets a tag"));
}

TEST_F(LimitsSection, TellsWhatGoesInACircle) {
  EXPECT_THAT(told("allow: 5/1h, when: limit.user is near"),
              Contains(HasSubstr("t.yaml:4:3: limit \"user\" can not rest on a limit")));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("allow: 5/1h, when: limit.other is near", "", "user", "  other: {allow: 5/1h}\n"),
              Contains(HasSubstr("t.yaml:4:3: limit \"user\" can not rest on a limit")));
  EXPECT_THAT(told("per: tag, allow: 5/1h", "  - {name: t, when: limit.user is near, tag: x}\n"),
              ElementsAre(HasSubstr("t.yaml:4:3: limit \"user\" can not rest on a limit")));
  EXPECT_FALSE(loaded_);
}

TEST_F(LimitsSection, TellsWindowsThatCannotStandTogether) {
  EXPECT_THAT(told("allow: 5/1h, override: [{keys: [a], allow: [4/1h, 100/60m]}]"),
              Contains(HasSubstr("has two windows of one length")));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("per: login, allow: [account.daily/24h, 100/1h], else: [200/24h, 50/1h]"),
              Contains(HasSubstr("has two windows of one length")));
  EXPECT_THAT(told("allow: 5/1h, override: [{keys: [a], allow: [1/1s, 1/1m, 1/1h, 1/1d, 1/2d]}]"),
              Contains(HasSubstr("at most 4 windows")));
  EXPECT_THAT(told("allow: 5/1h, else: 6/1h"), Contains(HasSubstr("no fact that could be absent")));
}

TEST_F(LimitsSection, TellsUnknownWords) {
  EXPECT_THAT(told("alow: 5/1h"),
              Contains("t.yaml:4:10: limits.user has no setting \"alow\"; did you mean \"allow\"?"));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("count: rcipients, allow: 5/1h"),
              ElementsAre(HasSubstr("limits.user.count has no value \"rcipients\"")));
  EXPECT_THAT(told("allow: 5/1h, unavailable: never"),
              ElementsAre("t.yaml:4:36: limits.user.unavailable has no value \"never\" (local, defer, skip)"));
  for (const char* near : {"0%", "101%", "lots", "-5%", "8.5%"})
    EXPECT_THAT(told(std::string("allow: 5/1h, near: ") + near),
                ElementsAre("t.yaml:4:29: near wants a percentage, not " + std::string(near) + "; near: 80%"));
  EXPECT_THAT(told("allow: 5/1h, patience: soon"),
              ElementsAre(HasSubstr("t.yaml:4:33: limits.user.patience: \"soon\"")));
  EXPECT_THAT(told("allow: 5/1h, when: logn is present"), ElementsAre(HasSubstr("there is no fact \"logn\"")));
}

TEST_F(LimitsSection, TellsNamesThatAreNone) {
  for (const char* name : {"User", "us er", "\"\"", "ärger"})
    EXPECT_THAT(told("allow: 5/1h", "", name),
                Contains(HasSubstr("is no name for a limit; small letters, digits, - and _, at most 64")))
        << name;
  EXPECT_FALSE(loaded_);
}

TEST_F(LimitsSection, TellsWhatIsWrongInOverrides) {
  EXPECT_THAT(told("allow: 5/1h, exempt: nobody"),
              ElementsAre("t.yaml:4:31: there is no list \"nobody\"; single keys stand in brackets: [nobody]"));
  EXPECT_THAT(told("allow: 5/1h, override: [{keys: [a@a.example]}]"),
              ElementsAre(HasSubstr("an override says what is allowed")));
  EXPECT_THAT(told("allow: 5/1h, override: [{allow: 5/1h}]"),
              ElementsAre(HasSubstr("an override says whom it is for")));
  EXPECT_THAT(told("allow: 5/1h, override: [{keys: [a@a.example], allow: 5/1h, until: tomorrow}]"),
              ElementsAre(HasSubstr("until wants a date; until: 2026-12-31")));
  EXPECT_THAT(told("allow: 5/1h, override: {keys: x}"), ElementsAre(HasSubstr("override wants a list, not a map")));
}

TEST_F(LimitsSection, RefusesToCountRefusalsByWhatComesLater) {
  EXPECT_THAT(told("per: login, count: refused-recipients, allow: 5/1h, when: origin is direct"),
              ElementsAre(HasSubstr("counts what is refused at RCPT, and rests on what the header says")));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("per: login, count: refused-recipients, allow: 5/1h, when: authenticated"), ElementsAre());
}

TEST_F(LimitsSection, CountsTheWindowsOfItsElse) {
  EXPECT_THAT(told("allow: [account.a/1h, account.b/24h], else: [1/1m, 2/2h, 3/7d]"),
              Contains(HasSubstr("at most 4 windows, with those of its else")));
}

TEST_F(LimitsSection, TellsTheLineOfABrokenOverrideFile) {
  write("bad.txt", "eva@a.example 5/24h\n\ntom@a.example 5/fortnight\n");
  EXPECT_THAT(told("allow: 5/1h, override: [{file: bad.txt}]"),
              ElementsAre(HasSubstr("t.yaml:4:41: bad.txt:3: \"5/fortnight\": \"fortnight\" is no length of time")));
  EXPECT_FALSE(loaded_);
  EXPECT_THAT(told("allow: 5/1h, override: [{file: none.txt}]"),
              ElementsAre("t.yaml:4:41: none.txt: No such file or directory"));
}

TEST_F(LimitsSection, TellsWhatRulesReadThatIsNotThere) {
  EXPECT_THAT(told("allow: 5/1h", "  - {name: q, when: limit.usr is over, defer: true}\n"),
              ElementsAre("t.yaml:6:21: there is no limit \"usr\"; did you mean \"limit.user\"?"));
  EXPECT_THAT(told("allow: 5/1h", "  - {name: q, when: limit.user is full, defer: true}\n"),
              ElementsAre(HasSubstr("limit.user has no outcome \"full\" (ok, near, over, off, unavailable)")));
  EXPECT_THAT(
      told("allow: 5/1h", "", "user", "  other: {allow: 5/1h}\n"),
      ElementsAre("t.yaml:5:3: warning: no rule reads limit \"other\": it only counts; when: limit.other is over"));
  EXPECT_TRUE(loaded_);
}

}  // namespace
}  // namespace postern::config
