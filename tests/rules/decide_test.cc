#include "policy/rules/decide.h"

#include "tests/rules/policy_world.h"

namespace postern::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Decide, AcceptsWhereNothingSpeaksAgainst) {
  PolicyWorld w("rules: []\n");
  EXPECT_THAT(w.lines(), IsEmpty());
  EXPECT_EQ(w.say(Stage::sender), "open");
  EXPECT_EQ(w.say(Stage::end), "accept");
}

TEST(Decide, SpeaksARefusalAsSoonAsItIsCertain) {
  PolicyWorld w("rules:\n- {name: a, when: spf is fail, reject: true}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  EXPECT_EQ(w.say(Stage::connect), "open");
  EXPECT_EQ(w.answer("spf", "askable").say(Stage::sender), "needs spf");
  EXPECT_EQ(w.answer("spf", "fail").say(Stage::sender), "reject 550 5.7.23 by a: SPF fails");
  EXPECT_EQ(w.answer("spf", "pass").say(Stage::sender), "open");
  EXPECT_EQ(w.answer("spf", "pass").say(Stage::end), "accept");
  EXPECT_EQ(w.answer("spf", "temperror").say(Stage::sender), "open");
  EXPECT_EQ(w.answer("spf", "temperror").say(Stage::end), "accept");
  EXPECT_THAT(w.verdict(Stage::end).decision.degraded, ElementsAre("spf"));
}

TEST(Decide, HoldsARefusalBackThatALaterFactCouldSpare) {
  PolicyWorld w(
      "rules:\n- {name: a, when: 'header.X == \"1\"', accept: true}\n- {name: b, when: spf is fail, reject: true}\n");
  w.answer("spf", "fail");
  EXPECT_EQ(w.say(Stage::sender), "open");
  EXPECT_EQ(w.answer("spf", "askable").say(Stage::sender), "open") << "nobody is asked in vain";
  EXPECT_EQ(w.answer("spf", "fail").values("header.X", {}).say(Stage::headers), "reject 550 5.7.23 by b: SPF fails");
}

TEST(Decide, SaysFourWhereAFailureUnderDeferIsAbove) {
  PolicyWorld w(
      "rules:\n- {name: a, when: host is nxdomain, reject: true}\n- {name: b, when: virus is infected, quarantine: "
      "true}\n");
  EXPECT_EQ(w.answer("host", "unavailable").say(Stage::sender),
            "defer 451 4.4.3: Check host is not available now, try again later");
  EXPECT_EQ(w.say(Stage::end), "defer 451 4.4.3: Check host is not available now, try again later");
  PolicyWorld two(
      "rules:\n- {name: a, when: host is nxdomain, reject: true}\n- {name: b, when: spf is fail, reject: true}\n");
  EXPECT_EQ(two.answer("host", "unavailable").answer("spf", "fail").say(Stage::sender),
            "reject 550 5.7.23 by b: SPF fails");
  PolicyWorld skip("rules:\n- {name: a, when: host is nxdomain, reject: true, unavailable: skip}\n");
  EXPECT_EQ(skip.answer("host", "unavailable").say(Stage::end), "accept");
}

TEST(Decide, SoftensWhatAFailedAnswerCouldHaveSpared) {
  PolicyWorld w("rules:\n- {name: a, when: spf is pass, accept: true}\n- {name: b, when: always, reject: true}\n");
  EXPECT_EQ(w.answer("spf", "none").say(Stage::end), "reject 550 5.7.1 by b: Refused by rule b");
  EXPECT_EQ(w.answer("spf", "temperror").say(Stage::end),
            "defer softened 451 4.4.3 by b: Check spf is not available now, try again later");
  EXPECT_EQ(w.answer("spf", "later").say(Stage::end),
            "defer softened 451 4.4.3 by b: Check spf is not available now, try again later");
}

TEST(Decide, AnswersAFailureByItsOwnName) {
  PolicyWorld w("rules:\n- {name: a, when: host is unavailable, defer: true}\n");
  EXPECT_EQ(w.answer("host", "unavailable").say(Stage::sender), "defer 451 4.4.3 by a: Sender domain not verified yet");
  EXPECT_EQ(w.answer("host", "bogus").say(Stage::end),
            "defer 451 4.4.3 by a: Check host is not available now, try again later");
  EXPECT_EQ(w.answer("host", "ok").say(Stage::end), "accept");
}

TEST(Decide, GivesTheReplyThatTheRuleAsksFor) {
  PolicyWorld w(
      "rules:\n"
      "- {name: a, when: host is nxdomain, defer: true}\n"
      "- {name: b, when: spf is fail, reject: \"{sender} {helo} {{x} {spf} {rule} {client.ip}\"}\n"
      "- {name: c, when: spf is softfail, reject: {code: 554, status: 5.7.9, text: \"no\"}}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  w.fact("sender", Mailbox{"me", Domain::parse("example.org"), {}}).fact("helo", std::string("a\nb"));
  EXPECT_EQ(w.answer("host", "nxdomain").answer("spf", "pass").say(Stage::end),
            "defer 450 4.1.8 by a: Sender domain does not exist");
  w.answer("host", "ok");
  EXPECT_EQ(w.answer("spf", "fail").say(Stage::end), "reject 550 5.7.23 by b: me@example.org a\\x0ab {x} fail b -");
  EXPECT_EQ(w.answer("spf", "softfail").say(Stage::end), "reject 554 5.7.9 by c: no");
}

TEST(Decide, SkipsRulesBelow) {
  PolicyWorld w(
      "rules:\n"
      "- {name: friends, when: 'sender.domain in [friend.example]', skip: [a, g]}\n"
      "- {name: a, when: spf is fail, reject: true}\n"
      "- group: g\n  when: always\n  rules:\n  - {name: b, when: host is nxdomain, reject: true}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  w.answer("spf", "fail").answer("host", "nxdomain");
  EXPECT_EQ(w.say(Stage::sender), "open") << "the sender is not known yet";
  EXPECT_EQ(w.fact("sender.domain", *Domain::parse("x.example")).say(Stage::sender),
            "reject 550 5.7.23 by a: SPF fails");
  EXPECT_EQ(w.fact("sender.domain", *Domain::parse("friend.example")).say(Stage::end), "accept");
}

TEST(Decide, AsksLeftToRightAndNoMoreThanItMust) {
  PolicyWorld w(
      "rules:\n- {name: a, when: 'client.name == \"x\" and spf is fail', reject: true}\n- {name: b, when: host is "
      "nxdomain and spf is fail, reject: true}\n");
  w.answer("spf", "askable").answer("host", "askable").fact("client.name", std::string("y"));
  EXPECT_EQ(w.say(Stage::sender), "needs host");
  EXPECT_EQ(w.answer("host", "ok").say(Stage::sender), "open");
  EXPECT_EQ(w.answer("host", "nxdomain").say(Stage::sender), "needs spf");
}

TEST(Decide, KeepsMonitoredRulesToTheShadow) {
  PolicyWorld w(
      "rules:\n- {name: a, when: spf is fail, reject: true, monitor: true}\n- {name: b, when: host is nxdomain, "
      "reject: true}\n");
  w.answer("spf", "fail").answer("host", "nxdomain");
  EXPECT_EQ(w.say(Stage::sender), "reject 550 5.1.8 by b: Sender domain does not exist");
  EXPECT_EQ(w.say(Stage::end, Layer::shadow), "reject 550 5.7.23 by a: SPF fails");
  PolicyWorld all("rules:\n- {name: b, when: host is nxdomain, reject: true, monitor: false}\n", {}, true);
  EXPECT_EQ(all.answer("host", "nxdomain").say(Stage::end), "accept");
  EXPECT_EQ(all.say(Stage::end, Layer::shadow), "reject 550 5.1.8 by b: Sender domain does not exist");
}

TEST(Decide, ReadsScoreAsAnIntervalAndTagsAsTheRulesThatSetThem) {
  PolicyWorld w(
      "rules:\n"
      "- {name: s1, when: spf is fail, score: 3}\n"
      "- {name: s2, when: host is nxdomain, score: 5, tag: bad, unavailable: skip}\n"
      "- {name: high, when: score >= 8, reject: true}\n"
      "- {name: bad, when: 'tag == \"BAD\"', quarantine: true}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  EXPECT_EQ(w.answer("spf", "fail").answer("host", "nxdomain").say(Stage::sender),
            "reject 550 5.7.1 by high: Refused by rule high");
  EXPECT_EQ(w.answer("spf", "none").say(Stage::end), "quarantine by bad: Rule bad");
  EXPECT_EQ(w.answer("spf", "fail").answer("host", "ok").say(Stage::end), "accept");
  EXPECT_EQ(w.answer("host", "unavailable").say(Stage::end), "accept");
  EXPECT_THAT(w.verdict(Stage::end).decision.degraded, ElementsAre("host:s2", "host"));
}

TEST(Decide, DoesWhatItWasToldWithWhatIsLetThrough) {
  PolicyWorld w(
      "rules:\n"
      "- {name: h, when: spf is none, add_header: {X-A: \"spf {spf}\"}, log: \"seen {rule}\", tag: t}\n"
      "- {name: r, when: host is nxdomain, reject: true}\n"
      "- {name: q, when: 'header.X == \"q\"', quarantine: \"held\", add_header: {X-B: b}}\n"
      "- {name: below, when: always, add_header: {X-C: c}}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  w.answer("spf", "askable").answer("host", "ok").fact("header.X", std::string("q"));
  EXPECT_EQ(w.say(Stage::end), "needs spf");
  w.answer("spf", "none");
  const Decision d = w.verdict(Stage::end).decision;
  EXPECT_EQ(w.say(Stage::end), "quarantine by q: held");
  ASSERT_EQ(d.effects.size(), 4u);
  EXPECT_EQ(d.effects[0].value, "seen h");
  EXPECT_EQ(d.effects[1].name + d.effects[1].value, "X-Aspf none");
  EXPECT_EQ(d.effects[3].name + d.effects[3].value, "X-Bb");
  EXPECT_THAT(d.matched, ElementsAre("h", "q"));
  const Decision refused = w.answer("host", "nxdomain").verdict(Stage::end).decision;
  ASSERT_EQ(refused.effects.size(), 1u);
  EXPECT_EQ(refused.effects[0].kind, Effect::Kind::log);
}

TEST(Decide, KnowsWhatRestsOnOneRecipient) {
  PolicyWorld w(
      "rules:\n"
      "- {name: a, when: 'direction is submission and recipient in [\"a@x.example\"]', reject: true}\n"
      "- {name: b, when: recipients.count > 2, reject: true}\n"
      "- {name: c, when: grey is new, defer: true}\n");
  ASSERT_THAT(w.lines(), IsEmpty());
  w.fact("direction", std::string("inbound"))
      .fact("recipient", Mailbox{"a", Domain::parse("x.example"), {}})
      .count("recipients.count", 2)
      .answer("grey", "new");
  EXPECT_EQ(w.say(Stage::recipient), "defer 451 4.7.1 by c: Come back later");
  EXPECT_TRUE(w.verdict(Stage::recipient).decision.scoped);
  w.count("recipients.count", 3);
  EXPECT_EQ(w.say(Stage::recipient), "reject 550 5.7.1 by b: Refused by rule b");
  EXPECT_FALSE(w.verdict(Stage::recipient).decision.scoped);
}

TEST(Profile, TellsRecipientsApartThatMayEndDifferently) {
  PolicyWorld w(
      "rules:\n"
      "- {name: a, when: 'recipient.domain in [lists.example] and header.X == \"1\"', reject: true}\n"
      "- {name: b, when: spf is fail and recipient.local == \"x\", reject: true}\n"
      "- {name: c, when: grey is new, defer: true}\n");
  w.answer("spf", "pass")
      .answer("grey", "askable")
      .fact("recipient.domain", *Domain::parse("lists.example"))
      .fact("recipient.local", std::string("x"));
  ASSERT_TRUE(profile(w.rules(), w, Stage::recipient).needs.has_value());
  w.answer("grey", "known");
  EXPECT_EQ(profile(w.rules(), w, Stage::recipient).values, "/t/");
  w.fact("recipient.domain", *Domain::parse("other.example"));
  EXPECT_EQ(profile(w.rules(), w, Stage::recipient).values, "//");
}

TEST(Stages, SayWhatHoldsARuleBack) {
  PolicyWorld w(
      "rules:\n"
      "- {name: a, when: spf is fail, reject: true}\n"
      "- {name: b, when: 'header.X == \"1\"', accept: true}\n"
      "- {name: c, when: 'client.ip in [192.0.2.0/24]', defer: true}\n");
  EXPECT_THAT(describe_stages(w.rules(), Stage::recipient),
              ElementsAre("a: known at sender; reject can be spoken at recipient",
                          "b: known at headers; accept is spoken at end",
                          "c: known at connect; defer can be spoken at headers, held back by b"));
}

}  // namespace
}  // namespace postern::rules
