// Findings that stand in for what could not be had: no rule refuses for good, or freezes, for them, however it is spelled.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/rules/policy_world.h"

namespace postern::rules {
namespace {

/// What a rule with `reject` and `freeze` comes to where `host` answers "nxdomain", for now or for good, and `spf` "pass".
struct Came {
  explicit Came(const std::string& yaml, bool for_now = true) {
    PolicyWorld w("rules:\n" + yaml);
    w.answer("host", "nxdomain").answer("spf", "pass");
    if (for_now) w.for_now("host");
    EXPECT_EQ(w.lines(), std::vector<std::string>());
    said = w.say(Stage::end);
    const auto decision = w.verdict(Stage::end).decision;
    freezes = std::any_of(decision.effects.begin(), decision.effects.end(),
                          [](const Effect& e) { return e.kind == Effect::Kind::freeze; });
  }
  std::string said;
  bool freezes = false;
};

std::string rule(const std::string& when) { return "- {name: a, when: '" + when + "', reject: true, freeze: 1h}\n"; }

TEST(ForNow, SoftensHoweverItIsSpelled) {
  for (const char* when : {"host is nxdomain", "not (host is ok)", "host is not ok", "host is nxdomain and spf is pass",
                           "not (host is ok and spf is pass)", "not (host is ok or spf is fail)",
                           "spf is fail or host is nxdomain", "not (not (host is nxdomain))"}) {
    const Came now(rule(when)), ever(rule(when), false);
    EXPECT_TRUE(now.said.starts_with("defer softened 4")) << when << ": " << now.said;
    EXPECT_FALSE(now.freezes) << when;
    EXPECT_TRUE(ever.said.starts_with("reject 5")) << when << ": " << ever.said;
    EXPECT_TRUE(ever.freezes) << when;
  }
}

TEST(ForNow, ReachesThroughOtherRules) {
  const std::string tagged = "- {name: t, when: host is nxdomain, tag: bad}\n" + rule("tag == \"bad\"");
  const std::string untagged = "- {name: t, when: host is ok, tag: good}\n" + rule("not (tag == \"good\")");
  const std::string scored = "- {name: s, when: host is nxdomain, score: 5}\n" + rule("score >= 5");
  const std::string skipped = "- {name: s, when: host is ok, skip: [a]}\n" + rule("spf is pass");
  const std::string spared = "- {name: s, when: host is ok, accept: true}\n" + rule("spf is pass");
  const std::string unspared =
      "- {name: k, when: host is nxdomain, skip: s}\n- {name: s, when: spf is pass, accept: true}\n" +
      rule("spf is pass");
  for (const std::string& yaml : {tagged, untagged, scored, skipped, spared, unspared}) {
    const Came now(yaml), ever(yaml, false);
    EXPECT_TRUE(now.said.starts_with("defer softened 4")) << yaml << now.said;
    EXPECT_FALSE(now.freezes) << yaml;
    EXPECT_TRUE(ever.said.starts_with("reject 5")) << yaml << ever.said;
    EXPECT_TRUE(ever.freezes) << yaml;
  }
}

/// A rule above that is not true for another reason, too, would have spared nobody.
TEST(ForNow, WhatItCouldNotHaveChangedIsForGood) {
  const std::string vip = "- {name: s, when: spf is fail and host is nxdomain, accept: true}\n" + rule("spf is pass");
  const std::string either = rule("spf is pass or host is nxdomain");
  const std::string scored =
      "- {name: s, when: host is nxdomain, score: 1}\n- {name: r, when: spf is pass, score: 10}\n" +
      rule("score >= 10");
  const std::string group =
      "- {group: g, when: spf is fail, rules: [{name: s, when: host is ok, accept: true}]}\n" + rule("spf is pass");
  for (const std::string& yaml : {vip, either, scored, group}) {
    const Came now(yaml);
    EXPECT_TRUE(now.said.starts_with("reject 5")) << yaml << now.said;
    EXPECT_TRUE(now.freezes) << yaml;
  }
}

TEST(ForNow, WhatDoesNotRestOnItIsForGood) {
  for (const char* when :
       {"spf is pass", "spf is pass or host is ok", "not (spf is fail)", "not (spf is fail and host is nxdomain)"}) {
    const Came now(rule(when));
    EXPECT_TRUE(now.said.starts_with("reject 5")) << when << ": " << now.said;
    EXPECT_TRUE(now.freezes) << when;
  }
}

}  // namespace
}  // namespace postern::rules
