#include "tests/rules/policy_world.h"

namespace postern::rules {
namespace {

using testing::IsEmpty;

Mailbox mailbox(const char* local, const char* domain) { return {local, Domain::parse(domain), {}}; }

// A world in which `condition` refuses; say() then tells what it came to.
struct Case {
  explicit Case(std::string_view condition)
      : world("rules:\n- name: a\n  when: " + std::string(condition) + "\n  reject: true\n") {
    EXPECT_THAT(world.lines(), IsEmpty()) << condition;
  }
  // "yes", "no", or "open" where the stage does not settle it.
  std::string at(Stage stage) const {
    const std::string said = world.say(stage);
    return said.starts_with("reject") ? "yes" : said == "accept" ? "no" : said;
  }
  PolicyWorld world;
};

TEST(Evaluate, ComparesTextWithoutCase) {
  Case c("helo == \"Straße\"");
  EXPECT_EQ((c.world.fact("helo", std::string("STRASSE")), c.at(Stage::end)), "yes");
  EXPECT_EQ((c.world.values("helo", {}), c.at(Stage::end)), "no") << "an absent value compares false";
  Case n("helo != \"x\"");
  EXPECT_EQ((n.world.values("helo", {}), n.at(Stage::end)), "yes") << "the negative form is always the opposite";
}

TEST(Evaluate, FindsPatternsAnywhereAndWithoutCase) {
  Case c("helo matches \"mx[0-9]\"");
  EXPECT_EQ((c.world.fact("helo", std::string("a.MX7.b")), c.at(Stage::end)), "yes");
  Case s("helo matches \"(?-i)mx[0-9]\"");
  EXPECT_EQ((s.world.fact("helo", std::string("a.MX7.b")), s.at(Stage::end)), "no");
}

TEST(Evaluate, ComparesAddressesByTheirParts) {
  Case c("sender == \"Jo@Bücher.example\"");
  EXPECT_EQ((c.world.fact("sender", mailbox("jo", "xn--bcher-kva.example")), c.at(Stage::end)), "yes");
  Case null("sender == \"\"");
  EXPECT_EQ((null.world.values("sender", {}), null.at(Stage::end)), "yes") << "the null reverse-path";
  EXPECT_EQ((null.world.fact("sender", mailbox("jo", "a.example")), null.at(Stage::end)), "no");
}

TEST(Evaluate, AsksTheCheckThatAFactHangsOn) {
  Case c("account.tier == \"gold\"");
  EXPECT_EQ(c.at(Stage::sender), "open");
  c.world.answer("identity.sender", "askable");
  EXPECT_EQ(c.at(Stage::sender), "needs identity.sender");
  c.world.answer("identity.sender", "own");
  EXPECT_EQ(c.at(Stage::sender), "open") << "absent: no refusal";
  EXPECT_EQ(c.at(Stage::end), "no");
  c.world.found("identity.sender", "tier", "GOLD");
  EXPECT_EQ(c.at(Stage::sender), "yes");
  Case failed("account.tier != \"gold\"");
  failed.world.answer("identity.sender", "unavailable");
  EXPECT_EQ(failed.at(Stage::end), "no") << "what could not be found out refuses nobody";
  EXPECT_THAT(failed.world.verdict(Stage::end).decision.degraded, testing::ElementsAre("identity.sender"));
  failed.world.found("identity.sender", "tier", "silver");
  EXPECT_EQ(failed.at(Stage::end), "yes") << "what was found out before it failed stands";
  Case present("any account.tier (account.tier starts with \"g\")");
  present.world.answer("identity.sender", "askable");
  EXPECT_EQ(present.at(Stage::end), "needs identity.sender");
  present.world.answer("identity.sender", "own").found("identity.sender", "tier", "gold");
  EXPECT_EQ(present.at(Stage::end), "yes");
}

TEST(Evaluate, AsksForTheFactsInItsWords) {
  PolicyWorld w("rules:\n- name: a\n  when: helo == \"x\"\n  reject: \"Hello {account.tier}\"\n");
  w.fact("helo", std::string("x")).answer("identity.sender", "askable");
  EXPECT_EQ(w.say(Stage::sender), "needs identity.sender");
  w.answer("identity.sender", "own").found("identity.sender", "tier", "gold");
  EXPECT_EQ(w.say(Stage::sender), "reject 550 5.7.1 by a: Hello gold");
  w.answer("identity.sender", "unavailable");
  w.found("identity.sender", "other", "x");
  EXPECT_EQ(w.say(Stage::sender), "reject 550 5.7.1 by a: Hello -");
}

TEST(Evaluate, TakesOneOfSeveralValues) {
  Case c("header.X ends with \"b\"");
  EXPECT_EQ((c.world.values("header.X", {std::string("a"), std::string("b")}), c.at(Stage::end)), "yes");
  Case one("any header.X (header.X contains \"a\" and header.X contains \"b\")");
  EXPECT_EQ((one.world.values("header.X", {std::string("a"), std::string("b")}), one.at(Stage::end)), "no")
      << "any binds one value";
  EXPECT_EQ((one.world.values("header.X", {std::string("a"), std::string("ab")}), one.at(Stage::end)), "yes");
  Case every("every header.X (header.X contains \"a\")");
  EXPECT_EQ((every.world.values("header.X", {}), every.at(Stage::end)), "no") << "every wants at least one";
  EXPECT_EQ((every.world.values("header.X", {std::string("a"), std::string("ba")}), every.at(Stage::end)), "yes");
  EXPECT_EQ((every.world.values("header.X", {std::string("a"), std::string("b")}), every.at(Stage::end)), "no");
  Case none("no header.X (header.X contains \"a\")");
  EXPECT_EQ((none.world.values("header.X", {}), none.at(Stage::end)), "yes");
}

TEST(Evaluate, SeesThroughAQuantifierWhatIsSettledAlready) {
  Case c("any header.X (header.X contains \"a\" and authenticated)");
  EXPECT_EQ((c.world.fact("authenticated", false), c.at(Stage::sender)), "open")
      << "nothing to refuse, and the end not reached";
  PolicyWorld w(
      "rules:\n- {name: a, when: 'any header.X (authenticated and header.X contains \"a\")', accept: true}\n- {name: "
      "b, when: always, reject: true}\n");
  EXPECT_EQ(w.fact("authenticated", false).say(Stage::sender), "reject 550 5.7.1 by b: Refused by rule b");
  EXPECT_EQ(w.fact("authenticated", true).say(Stage::sender), "open");
}

TEST(Evaluate, CountsThatGrowAreTrueAsSoonAsTheyAreExceeded) {
  const auto at = [](const char* condition, std::int64_t n) {
    Case c(condition);
    c.world.count("recipients.count", n);
    return c.at(Stage::recipient);
  };
  EXPECT_EQ(at("recipients.count > 2", 2), "open");
  EXPECT_EQ(at("recipients.count > 2", 3), "yes");
  EXPECT_EQ(at("recipients.count >= 2", 2), "yes");
  EXPECT_EQ(at("not (recipients.count <= 2)", 3), "yes");
  EXPECT_EQ(at("recipients.count != 2", 3), "yes");
  EXPECT_EQ(at("recipients.count == 2", 2), "open");
  EXPECT_EQ(at("recipients.count in [1, 2]", 2), "open");
}

TEST(Evaluate, KnowsNothingOfAListThatCanNotBeHad) {
  const auto with = [](const char* unavailable) {
    PolicyWorld w(std::string("lists: {l: {type: file, path: /nonexistent/list, unavailable: ") + unavailable + "}}\n" +
                  "rules:\n- {name: a, when: sender.domain not in l, reject: true}\n");
    return w.fact("sender.domain", *Domain::parse("a.example")).say(Stage::end);
  };
  EXPECT_EQ(with("skip"), "accept");
  EXPECT_EQ(with("defer"), "defer 451 4.4.3: Check l is not available now, try again later");
}

TEST(Evaluate, ReadsSizesAsMtasCountThem) {
  Case c("size > 1 MB");
  EXPECT_EQ((c.world.fact("size", std::int64_t{1048576}), c.at(Stage::end)), "no");
  EXPECT_EQ((c.world.fact("size", std::int64_t{1048577}), c.at(Stage::end)), "yes");
}

TEST(Evaluate, TurnsAnEditThatMustHappenIntoATryAgain) {
  PolicyWorld w("rules:\n- {name: h, when: spf is pass, add_header: {X-A: b}, unavailable: defer}\n");
  EXPECT_EQ(w.answer("spf", "pass").say(Stage::end), "accept");
  EXPECT_EQ(w.answer("spf", "temperror").say(Stage::end),
            "defer 451 4.4.3: Check spf is not available now, try again later");
  PolicyWorld skip("rules:\n- {name: h, when: spf is pass, add_header: {X-A: b}}\n");
  EXPECT_EQ(skip.answer("spf", "temperror").say(Stage::end), "accept");
  EXPECT_THAT(skip.verdict(Stage::end).decision.degraded, testing::ElementsAre("spf:h"));
}

}  // namespace
}  // namespace postern::rules
