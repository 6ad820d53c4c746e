#include <map>

#include "policy/rules/facts.h"
#include "tests/rules/policy_world.h"

namespace postern::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The problems of one condition, the place of which is p.yaml:2:20 on.
std::vector<std::string> of_condition(std::string_view condition) {
  return PolicyWorld("rules:\n- {name: a, when: " + std::string(condition) + ", reject: true}\n").lines();
}

TEST(Compile, TakesTheWholeGrammar) {
  for (const char* condition : {
           "always",
           "authenticated",
           "not authenticated",
           "'not (authenticated or spf is pass)'",
           "spf is fail",
           "spf is not pass",
           "'spf is [fail, softfail]'",
           "'spf is not [pass, none]'",
           "direction is inbound",
           "'direction is not [local, submission]'",
           "'client.ip in [192.0.2.0/24, ::1/128]'",
           "'client.ip == \"192.0.2.1\"'",
           "sender.domain in partners",
           "sender.domain not in partners",
           "'sender.domain in [example.org, .example.net]'",
           "'sender in [a@b.example]'",
           "'sender == \"a@b.example\"'",
           "'sender != \"\"'",
           "'helo matches \"^mx[0-9]+\"'",
           "\"helo contains 'x'\"",
           "'helo starts with [\"a\", \"b\"]'",
           "'helo ends with \".example\"'",
           "size > 25 MB",
           "size <= 25MB",
           "'size.declared < 100'",
           "'time.hour in [22, 23, 0]'",
           "time.weekday is sunday",
           "recipients.count >= 5",
           "no header.Sender",
           "any header.Received",
           "'any header.Received (header.Received contains \"x\" and header.Received contains \"y\")'",
           "'every recipients (recipients ends with \"@example.org\")'",
           "hops > 50",
           "'(authenticated and spf is pass) or helo == \"x\"'",
           "'tls.version == \"TLSv1.3\"'",
           "'login matches \"(?-i)^A\"'",
           "forged",
           "not forged",
       }) {
    PolicyWorld w("define: {forged: spf is fail}\nlists: {partners: [example.org]}\nrules:\n- {name: a, when: " +
                  std::string(condition) + ", reject: true}\n");
    EXPECT_THAT(w.lines(), IsEmpty()) << condition;
  }
}

TEST(Compile, TellsMistakesInConditionsWithPlaceAndHint) {
  EXPECT_THAT(of_condition("spf is failed"),
              ElementsAre("p.yaml:2:26: \"spf is failed\": spf has no outcome \"failed\" (pass, none, fail, softfail, "
                          "temperror, permerror); did you mean \"fail\"?"));
  EXPECT_THAT(of_condition("spf is fail or softfail"),
              ElementsAre("p.yaml:2:34: \"softfail\" is no fact; write spf is [fail, softfail]"));
  EXPECT_THAT(of_condition("spf is fail and authenticated or hops > 3"),
              ElementsAre("p.yaml:2:49: and and or are mixed; write \"(spf is fail and authenticated) or hops > 3\", "
                          "or \"spf is fail and (authenticated or hops > 3)\""));
  EXPECT_THAT(of_condition("spff is fail"),
              ElementsAre("p.yaml:2:19: there is no fact \"spff\"; did you mean \"spf\"?"));
  EXPECT_THAT(
      of_condition("authentcated"),
      ElementsAre("p.yaml:2:19: there is no fact or definition \"authentcated\"; did you mean \"authenticated\"?"));
  EXPECT_THAT(of_condition("helo == mx"), ElementsAre("p.yaml:2:27: text stands in quotes: \"mx\"; helo == \"mx\""));
  EXPECT_THAT(of_condition("spf is 'fail'"),
              ElementsAre("p.yaml:2:26: an outcome stands without quotes: \"fail\"; fail"));
  EXPECT_THAT(of_condition("spf == fail"),
              ElementsAre("p.yaml:2:23: spf is a check and takes is, not ==; spf is pass"));
  EXPECT_THAT(of_condition("sender.domain in partner.example"),
              ElementsAre("p.yaml:2:36: there is no list \"partner.example\"; write [partner.example]"));
  EXPECT_THAT(of_condition("sender is x"), ElementsAre(HasSubstr("p.yaml:2:26: sender does not take is; sender == ")));
  EXPECT_THAT(
      of_condition("size > 5 apples"),
      ElementsAre("p.yaml:2:28: \"apples\" stands where and, or or the end should stand; text stands in quotes"));
  EXPECT_THAT(of_condition("size > big"), ElementsAre("p.yaml:2:26: \"big\" is no size; write 500 KB, 25 MB or 1 GB"));
  EXPECT_THAT(of_condition("hops > 5 MB"), ElementsAre("p.yaml:2:26: \"5 MB\" is no number; write digits alone"));
  EXPECT_THAT(of_condition("'helo matches \"(\"'"), ElementsAre("p.yaml:2:33: \"(\" is no pattern: missing ): ("));
  EXPECT_THAT(of_condition("not spf is pass"),
              ElementsAre("p.yaml:2:19: not stands before a yes/no fact or ( ); write not (spf is pass)"));
  EXPECT_THAT(of_condition("(authenticated"), ElementsAre("p.yaml:2:19: this ( is never closed"));
  EXPECT_THAT(of_condition("authenticated && authenticated"),
              ElementsAre("p.yaml:2:33: \"&\" is no operator here; write and"));
  EXPECT_THAT(of_condition("authenticated AND authenticated"),
              ElementsAre("p.yaml:2:33: \"AND\" is written in lower case; and"));
  EXPECT_THAT(of_condition("helo"),
              ElementsAre("p.yaml:2:19: helo is no yes/no fact; any helo asks whether there is one"));
  EXPECT_THAT(of_condition("spf"), ElementsAre("p.yaml:2:19: spf is a check: compare its outcome; spf is pass"));
  EXPECT_THAT(of_condition("true"),
              ElementsAre(HasSubstr("p.yaml:2:19: there is no fact or definition \"true\"; write always")));
  EXPECT_THAT(of_condition("[spf is fail, authenticated]"),
              ElementsAre("p.yaml:2:19: a condition is one text, not a list; write it in one text with and, or"));
  EXPECT_THAT(of_condition("'client.ip in [192.0.2.1/24]'"),
              ElementsAre(HasSubstr("p.yaml:2:34: \"192.0.2.1/24\" is no network")));
  EXPECT_THAT(of_condition("'recipient in [example.org]'"),
              ElementsAre("p.yaml:2:34: \"example.org\" is no address; recipient.domain in [example.org]"));
  EXPECT_THAT(of_condition("'tag == \"x\"'"), ElementsAre("p.yaml:2:20: no rule above sets this tag"));
  EXPECT_THAT(of_condition("score > 5"), ElementsAre("p.yaml:2:19: no rule above gives a score"));
  EXPECT_THAT(of_condition("host is unavailable"),
              ElementsAre("p.yaml:2:27: \"host is unavailable\" says that the check failed, and rule \"a\" would "
                          "reject for it; only defer, log, notify and add_header may rest on a failure"));
  EXPECT_THAT(
      of_condition("host is not unavailable"),
      ElementsAre(
          "p.yaml:2:31: unavailable of host says that the check failed, and can not be negated; host is unavailable"));
}

TEST(Compile, SaysThatACommentAteACondition) {
  EXPECT_THAT(PolicyWorld("rules:\n- name: a\n  when: helo contains \"a #1\"\n  reject: true\n").lines(),
              ElementsAre(HasSubstr("p.yaml:3:23: this text has no closing \"; the # behind it begins a comment")));
}

TEST(Compile, TellsWhatComesLaterOneLineAnOccurrence) {
  PolicyWorld w(
      "lists: {bosses: [\"A B\"], l: {type: sql, dsn: x}}\n"
      "rules:\n"
      "- {name: a, when: 'from.domain in bosses and dmarc is fail and from.name looks like bosses', bounce: true, "
      "notify: postmaster}\n"
      "- {name: b, when: 'any attachment (type is archive and (size > 10 MB or encrypted))', reject: "
      "\"{attachment.name} {limit.user.used}\"}\n"
      "- {name: c, when: limit.user is over, skip: [inbound/greylist, callout], freeze: 1h}\n");
  EXPECT_THAT(w.lines(), ElementsAre("p.yaml:1:36: list type sql is not in this version",
                                     "p.yaml:3:46: check dmarc is not in this version",
                                     "p.yaml:3:74: comparison looks like is not in this version",
                                     "p.yaml:3:94: action bounce is not in this version",
                                     "p.yaml:4:24: fact attachment is not in this version",
                                     "p.yaml:4:97: fact attachment.name is not in this version",
                                     HasSubstr("p.yaml:4:115: there is no limit \"user.used\""),
                                     HasSubstr("p.yaml:5:19: there is no limit \"user\""),
                                     "p.yaml:5:46: rule inbound/greylist is not in this version",
                                     "p.yaml:5:64: there is no rule or group \"callout\""));
}

TEST(Compile, TellsMistakesInRulesAllAtOnce) {
  PolicyWorld w(
      "rules:\n"
      "- {name: a, reject: true}\n"
      "- {name: a, when: always, reject: true}\n"
      "- {when: always, reject: true}\n"
      "- {name: b, when: always}\n"
      "- {name: c, when: always, reject: true, defer: true}\n"
      "- {name: d, when: always, rejct: true}\n"
      "- {name: e, when: always, reject: \"{nonsense}\"}\n"
      "- {name: f, when: always, reject: {cod: 550}}\n"
      "- {name: g, when: always, skip: a}\n"
      "- {name: h, when: always, reject: true, until: tomorrow}\n"
      "- {name: i, when: always, score: many}\n");
  EXPECT_THAT(
      w.lines(),
      ElementsAre(
          "p.yaml:2:10: rule \"a\" has no when; when: always",
          "p.yaml:3:10: there is a rule or group \"a\" already, in line 2",
          "p.yaml:4:3: a rule has no name; name: NAME", HasSubstr("p.yaml:5:10: rule \"b\" does nothing"),
          "p.yaml:6:41: rule \"c\" has two final actions, reject and defer",
          "p.yaml:7:10: rule \"d\" does nothing; give it an action: reject, defer, quarantine, skip, tag, log …",
          "p.yaml:7:27: a rule has no key \"rejct\"; did you mean \"reject\"?",
          "p.yaml:8:37: there is no fact \"nonsense\"", "p.yaml:9:36: a reply has no \"cod\"; did you mean \"code\"?",
          "p.yaml:10:33: rule \"a\" stands above; skip reaches rules below",
          "p.yaml:11:48: until wants a date; until: 2026-12-31",
          HasSubstr("p.yaml:12:34: score wants a whole number")));
}

TEST(Compile, WarnsOfWhatIsLegalButUnwise) {
  EXPECT_THAT(PolicyWorld("rules:\n- {name: a, when: 'sender.domain in [x.example]', accept: true}\n").lines(),
              ElementsAre(HasSubstr("p.yaml:2:10: warning: rule \"a\" accepts on the sender's own word alone")));
  EXPECT_THAT(PolicyWorld("rules:\n- {name: a, when: 'sender.domain in [x.example] and authenticated', accept: true}\n")
                  .lines(),
              IsEmpty());
  EXPECT_THAT(PolicyWorld("rules:\n- {name: a, when: 'recipient.local == \"x\"', add_header: {X-A: b}}\n").lines(),
              ElementsAre(HasSubstr("p.yaml:2:10: warning: rule \"a\" names a recipient")));
}

TEST(Compile, LetsOnlyMonitoredRulesSeeWhatMonitoredRulesSet) {
  EXPECT_THAT(
      PolicyWorld(
          "rules:\n- {name: a, when: always, tag: x, monitor: true}\n- {name: b, when: 'tag == \"x\"', reject: true}\n")
          .lines(),
      ElementsAre(HasSubstr("p.yaml:3:20: only monitored rules set this tag")));
  EXPECT_THAT(PolicyWorld("rules:\n- {name: a, when: always, tag: x, monitor: true}\n- {name: b, when: 'tag == \"x\"', "
                          "reject: true, monitor: true}\n")
                  .lines(),
              IsEmpty());
}

TEST(Compile, IncludesAndChangesPresets) {
  const std::map<std::string, std::string> files{
      {"presets/inbound.yaml",
       "rules:\n- {name: post, when: 'recipient.local == \"postmaster\"', skip: [one, two]}\n- {name: one, when: spf "
       "is fail, reject: true}\n- {name: two, when: host is nxdomain, reject: true}\n"}};
  PolicyWorld w(
      "rules:\n"
      "- {name: friends, when: authenticated, skip: inbound}\n"
      "- include: presets/inbound.yaml\n"
      "  change: {one: {monitor: true}, two: {defer: no thanks}, callout: off}\n",
      files);
  EXPECT_THAT(w.lines(), ElementsAre("p.yaml:4:59: rule inbound/callout is not in this version"));
  ASSERT_EQ(w.rules().rules().size(), 4u);
  EXPECT_EQ(w.rules().rules()[2].name, "inbound/one");
  EXPECT_TRUE(w.rules().rules()[2].monitored);
  EXPECT_TRUE(w.rules().rules()[2].scoped) << "what skips it reads the recipient";
  EXPECT_EQ(w.rules().rules()[3].final, FinalAction::defer);

  PolicyWorld off(
      "rules:\n- {name: a, when: always, skip: inbound/one}\n- include: presets/inbound.yaml\n  change: {one: off, "
      "tow: off}\n",
      files);
  EXPECT_THAT(off.lines(),
              ElementsAre("p.yaml:4:22: there is no rule \"inbound/tow\" to change; did you mean \"two\"?"));
  EXPECT_THAT(PolicyWorld("rules:\n- include: presets/nothing.yaml\n").lines(),
              ElementsAre(HasSubstr("p.yaml:2:12: there is no file")));
}

TEST(Compile, HandsGroupKeysDown) {
  PolicyWorld w(
      "rules:\n"
      "- group: g\n"
      "  when: authenticated\n"
      "  monitor: true\n"
      "  split: whole\n"
      "  rules:\n"
      "  - {name: a, when: always, reject: true}\n"
      "  - {name: b, when: spf is fail, reject: true, monitor: false}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  EXPECT_TRUE(w.rules().rules()[0].monitored);
  EXPECT_FALSE(w.rules().rules()[1].monitored);
  EXPECT_EQ(w.rules().rules()[1].split, Split::whole);
  w.answer("spf", "fail");
  EXPECT_EQ(w.values("authenticated", {}).say(Stage::sender), "open");
  EXPECT_EQ(w.fact("authenticated", true).say(Stage::sender), "reject 550 5.7.23 by b: SPF fails");
}

TEST(Compile, EndsRulesAtTheirDate) {
  PolicyWorld w("rules:\n- {name: a, when: always, reject: true, until: 2026-12-31}\n");
  EXPECT_EQ(w.at(1798761599).say(Stage::sender), "reject 550 5.7.1 by a: Refused by rule a");
  EXPECT_EQ(w.at(1798761600).say(Stage::end), "accept");
}

TEST(Compile, RefusesDefinitionsMadeOfThemselves) {
  EXPECT_THAT(PolicyWorld("define: {a: b, b: a}\nrules: []\n").lines(),
              ElementsAre("p.yaml:1:13: definition \"b\" is made of itself",
                          "p.yaml:1:19: definition \"a\" is made of itself"));
  EXPECT_THAT(PolicyWorld("define: {helo: authenticated}\nrules: []\n").lines(),
              ElementsAre(HasSubstr("p.yaml:1:10: \"helo\" is a fact already")));
  EXPECT_THAT(PolicyWorld("define: {unused: spf is failed}\nrules: []\n").lines(),
              ElementsAre(HasSubstr("p.yaml:1:25: \"spf is failed\"")));
}

TEST(Compile, HoldsADeepConditionToItsCap) {
  const std::string deep = std::string(60, '(').append("authenticated").append(60, ')');
  EXPECT_THAT(of_condition(deep), ElementsAre(HasSubstr("more than 50 levels of ( )")));
  std::string define = "define:\n  d0: authenticated or authenticated\n";
  for (int i = 1; i < 30; ++i)
    define += "  d" + std::to_string(i) + ": d" + std::to_string(i - 1) + " or d" + std::to_string(i - 1) + "\n";
  EXPECT_THAT(PolicyWorld(define + "rules:\n- {name: a, when: d29, reject: true}\n").lines(),
              testing::Contains(HasSubstr("too large")));
}

TEST(Facts, AreEachNamedOnce) {
  std::set<std::string_view> names;
  for (const FactDoc& doc : fact_table()) {
    EXPECT_TRUE(names.insert(doc.name).second) << doc.name;
    EXPECT_FALSE(doc.doc.empty()) << doc.name;
  }
}

}  // namespace
}  // namespace postern::rules
