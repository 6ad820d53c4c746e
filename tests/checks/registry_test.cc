#include "policy/checks/registry.h"

#include <algorithm>
#include <set>

#include "policy/checks/run.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using Sections = std::map<std::string, std::map<std::string, std::string>>;

std::vector<std::string> lines(const Sections& sections) {
  const Node section = test::settings_node(sections);
  Problems problems;
  configure_checks(&section, problems);
  std::vector<std::string> lines;
  for (const Problem& problem : problems.all()) lines.push_back(problem.line());
  return lines;
}

const ConfiguredCheck& find(const std::vector<ConfiguredCheck>& checks, std::string_view name) {
  return *std::find_if(checks.begin(), checks.end(), [&](const ConfiguredCheck& c) { return c.type->name == name; });
}

TEST(Registry, HasDefaultsForEveryCheck) {
  Problems problems;
  const auto checks = configure_checks(nullptr, problems);
  EXPECT_TRUE(problems.all().empty());
  ASSERT_EQ(checks.size(), check_types().size());
  EXPECT_EQ(find(checks, "iprev").unavailable, Unavailable::skip);
  EXPECT_EQ(find(checks, "sender-domain").unavailable, Unavailable::defer);
  EXPECT_EQ(find(checks, "sender-domain").timeout, std::chrono::seconds(8));
  EXPECT_EQ(find(checks, "sender-domain").questions, 26u);
  EXPECT_EQ(find(checks, "iprev").declaration().name, "iprev");
  EXPECT_EQ(find(checks, "iprev").declaration().stage, Stage::connect);
}

TEST(Registry, TakesTheCommonSettings) {
  const Node section =
      test::settings_node({{"iprev", {{"timeout", "2s"}, {"unavailable", "defer"}, {"questions", "3"}}}});
  Problems problems;
  const auto checks = configure_checks(&section, problems);
  EXPECT_TRUE(problems.all().empty());
  EXPECT_EQ(find(checks, "iprev").timeout, std::chrono::seconds(2));
  EXPECT_EQ(find(checks, "iprev").declaration().unavailable, Unavailable::defer);
  EXPECT_EQ(find(checks, "iprev").questions, 3u);
}

TEST(Registry, TellsEveryMistake) {
  using testing::ElementsAre;
  EXPECT_THAT(lines({{"iprev", {{"timeot", "2s"}}}}),
              ElementsAre("checks.iprev has no setting \"timeot\"; did you mean \"timeout\"?"));
  EXPECT_THAT(lines({{"iprev", {{"timeout", "soon"}}}}), ElementsAre(testing::HasSubstr("\"soon\" is no duration")));
  EXPECT_THAT(lines({{"iprev", {{"timeout", "2h"}}}}),
              ElementsAre(testing::HasSubstr("out of range; from 100ms to 1m")));
  EXPECT_THAT(lines({{"sender-domain", {{"unavailable", "reject"}}}}),
              ElementsAre(testing::HasSubstr("no value \"reject\" (skip, defer)")));
  EXPECT_THAT(lines({{"sender-domain", {{"mx-hosts", "7"}}}}),
              ElementsAre(testing::HasSubstr("no number from 1 to 6")));
  EXPECT_THAT(lines({{"sender-domian", {}}}),
              ElementsAre("there is no check \"sender-domian\"; did you mean \"sender-domain\"?"));
  EXPECT_THAT(lines({{"antivirus", {{"anything", "x"}}}, {"dnsbl.white", {}}}),
              ElementsAre("check antivirus is not in this version", "check dnsbl.white is not in this version"));
}

TEST(Registry, WantsAMap) {
  Node text;
  text.kind = Node::Kind::scalar;
  Problems problems;
  EXPECT_EQ(configure_checks(&text, problems).size(), check_types().size());
  EXPECT_FALSE(problems.usable());
  const Node nothing;
  Problems none;
  configure_checks(&nothing, none);
  EXPECT_TRUE(none.all().empty());
}

TEST(Registry, DocumentsTheSettings) {
  std::vector<std::string> keys;
  for (const auto& asked : settings_of(test::check_type("sender-domain"))) keys.push_back(asked.key);
  EXPECT_THAT(keys, testing::ElementsAre("timeout", "unavailable", "questions", "mx-hosts"));
}

TEST(Registry, LetsChecksShareSettings) {
  Problems problems;
  const Node section = test::settings_node({{"identity", {{"timeout", "3s"}}}});
  const auto checks = configure_checks(&section, problems);
  EXPECT_TRUE(problems.all().empty());
  for (const CheckType* type : check_types()) {
    if (type->settings.empty()) continue;
    EXPECT_TRUE(find(checks, type->settings).type->settings.empty()) << type->name;  // of one that has its own
    EXPECT_EQ(find(checks, type->name).timeout, find(checks, type->settings).timeout) << type->name;
  }
  EXPECT_EQ(find(checks, "identity.author").timeout, std::chrono::seconds(3));
  EXPECT_THAT(lines({{"identity.sender", {{"timeout", "3s"}}}}),
              testing::ElementsAre("identity.sender has no settings of its own; it takes those of identity"));
}

TEST(Registry, KnowsNoCheckTwice) {
  std::set<std::string_view> names(later_checks().begin(), later_checks().end());
  EXPECT_EQ(names.size(), later_checks().size());
  for (const CheckType* type : check_types()) EXPECT_TRUE(names.insert(type->name).second) << type->name;
  EXPECT_TRUE(std::is_sorted(later_checks().begin(), later_checks().end()));
}

TEST(OutcomeTables, KeepTheHousesPromises) {
  for (const CheckType* type : check_types()) {
    std::set<std::string_view> names;
    int failures = 0;
    for (const Outcome& outcome : type->outcomes) {
      SCOPED_TRACE(std::string(type->name) + " " + std::string(outcome.name));
      EXPECT_TRUE(names.insert(outcome.name).second);
      failures += outcome.failure == Failure::yes ? 1 : 0;
      // No failure of ours ever costs a sender a 5xx; what is known for certain has one, but for what may be mended.
      const int reply_class = outcome.reply.code / 100;
      const bool may_be_mended =
          outcome.name == "over-aliased" || outcome.name == "undecided" || outcome.name == "suspicious";
      EXPECT_TRUE(outcome.failure == Failure::yes || may_be_mended ? reply_class == 4
                                                                   : reply_class == 5 || reply_class == 0);
      EXPECT_EQ(reply_class == 0, outcome.reply.text.empty());
      EXPECT_TRUE(reply_class == 0 || !outcome.rfc.empty());
    }
    EXPECT_GE(failures, 1) << type->name;
    EXPECT_EQ(failure_outcome(*type).failure, Failure::yes);
  }
}

}  // namespace
}  // namespace postern
