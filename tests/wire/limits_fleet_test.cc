// Several daemons that count in one Redis: what one of them counts holds on all.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/wire/fleet.h"

namespace postern::test {
namespace {

constexpr std::int64_t kMost = 60;
const std::string kLimits = "limits: {user: {per: login, count: recipients, allow: 60/1h}}\n";

class LimitsOfAFleet : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    server = std::make_unique<RedisServer>();
  }
  /// Time-outs are not the matter here, and the machine of tests is slow now and then.
  Fleet::Setup setup(int nodes) const {
    return {.nodes = nodes, .store = on(*server) + ", timeout: 2s", .limits = kLimits};
  }

  std::unique_ptr<RedisServer> server;
};

TEST_F(LimitsOfAFleet, TwoNodesAdmitExactlyWhatIsAllowedTogether) {
  Fleet fleet(setup(2));
  Senders sam(fleet, "sam@site.test");
  EXPECT_EQ(sam.use_up(), kMost) << sam.table();
  EXPECT_GT(sam.admitted_by(0), 0);
  EXPECT_GT(sam.admitted_by(1), 0);
  EXPECT_EQ(sam.answers('5'), 0) << sam.table();
  EXPECT_EQ(sam.answers('t'), 0) << sam.table();
  EXPECT_TRUE(fleet.all_show("sam@site.test", {kMost, 0})) << sam.table();
}

TEST_F(LimitsOfAFleet, SoDoThreeForEachOfSeveralLogins) {
  Fleet fleet(setup(3));
  Senders sam(fleet, "sam@site.test"), ann(fleet, "ann@site.test");
  ann.begin();
  EXPECT_EQ(sam.use_up(), kMost) << sam.table();
  ann.end();
  EXPECT_EQ(ann.use_up(), kMost) << ann.table();
  EXPECT_TRUE(fleet.all_show("sam@site.test", {kMost, 0}));
  EXPECT_TRUE(fleet.all_show("ann@site.test", {kMost, 0}));
}

/// What the shared Redis is there for.
TEST_F(LimitsOfAFleet, EachWithItsOwnMemoryWouldAdmitAsMuch) {
  Fleet fleet({.nodes = 2, .store = {}, .limits = kLimits});
  Senders sam(fleet, "sam@site.test");
  EXPECT_EQ(sam.use_up(), 2 * kMost) << sam.table();
}

TEST_F(LimitsOfAFleet, ResettingOnOneNodeMakesRoomOnAll) {
  Fleet fleet(setup(2));
  Senders sam(fleet, "sam@site.test");
  EXPECT_EQ(sam.use_up(), kMost);
  EXPECT_NE(fleet.node(1).ask(R"({"command":"limits reset","key":"sam@site.test"})").find("\"forgotten\":1"),
            std::string::npos);
  EXPECT_EQ(send_one(fleet, 0, "sam@site.test"), "accept");
  EXPECT_TRUE(fleet.all_show("sam@site.test", {1, 0}));
}

/// Its reservations stand until their lease ends, no more than it had; the others go on with the rest, to the last.
TEST_F(LimitsOfAFleet, AKilledNodeLeavesNoMoreThanItHadUnderWay) {
  Fleet fleet(setup(3));
  std::vector<MilterClient> open;
  for (int i = 0; i < 4; ++i) {
    open.push_back(fleet.node(0).client());
    open.back().greet();
    open.back().mail("<sam@site.test>", {{"{auth_authen}", "sam@site.test"}});
    EXPECT_EQ(open.back().rcpt("<b@far.example>"), "continue");
  }
  EXPECT_TRUE(fleet.all_show("sam@site.test", {4, 4}));
  fleet.node(0).signal(SIGKILL);
  fleet.node(0).ended();
  std::int64_t admitted = 0;
  for (std::size_t i = 0; admitted < 2 * kMost && send_one(fleet, 1 + i % 2, "sam@site.test") == "accept"; ++i)
    ++admitted;
  EXPECT_EQ(admitted, kMost - 4);
  EXPECT_EQ(fleet.show(1, "sam@site.test"), (Fleet::Shown{kMost, 4}));
}

TEST_F(LimitsOfAFleet, AKilledNodeUnderLoadCostsNobodyAnything) {
  Fleet fleet(setup(3));
  Senders sam(fleet, "sam@site.test");
  sam.begin();
  comes_true(10s, [&] { return sam.admitted() >= kMost / 4; });
  fleet.node(0).signal(SIGKILL);
  fleet.node(0).ended();
  std::this_thread::sleep_for(1s);
  sam.end();
  EXPECT_LE(sam.admitted(), kMost);
  EXPECT_EQ(sam.answers('5'), 0) << sam.table();
  for (const std::size_t node : {1U, 2U}) {
    while (send_one(fleet, node, "sam@site.test") == "accept") continue;
  }
  const Fleet::Shown shown = fleet.show(1, "sam@site.test");
  EXPECT_EQ(shown.used, kMost);
  EXPECT_LE(shown.reserved, Senders::kMostPending);
}

TEST_F(LimitsOfAFleet, AnAccountFrozenOnOneNodeIsFrozenOnAll) {
  Fleet::Setup with = setup(3);
  with.rules = "  - {name: frozen, when: behaviour is frozen, reject: true}\n";
  Fleet fleet(with);
  EXPECT_EQ(send_one(fleet, 1, "sam@site.test"), "accept");
  fleet.node(0).ask(R"({"command":"account freeze","login":"sam@site.test","seconds":600,"why":"stolen"})");
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    EXPECT_TRUE(comes_true(5s, [&] { return send_one(fleet, i, "sam@site.test").starts_with("550 5.7.1"); })) << i;
    EXPECT_EQ(send_one(fleet, i, "ann@site.test"), "accept") << i;
    EXPECT_NE(fleet.node(i).ask(R"({"command":"account show"})").find("\"stolen\""), std::string::npos) << i;
  }
  fleet.node(2).ask(R"({"command":"account release","login":"sam@site.test"})");
  for (std::size_t i = 0; i < fleet.size(); ++i)
    EXPECT_TRUE(comes_true(5s, [&] { return send_one(fleet, i, "sam@site.test") == "accept"; })) << i;
}

TEST_F(LimitsOfAFleet, MissesAreCountedTogether) {
  Fleet::Setup with = setup(2);
  with.limits = "limits: {user: {per: login, count: refused-recipients, allow: 5/1h}}\n";
  with.rules = "  - {name: nobody, when: 'recipient.local == \"nobody\"', reject: true}\n" + with.rules;
  Fleet fleet(with);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_TRUE(send_one(fleet, i % 2, "sam@site.test", "<nobody@far.example>").starts_with("550")) << i;
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(comes_true(5s, [&] { return send_one(fleet, i, "sam@site.test").starts_with("45"); })) << i;
    EXPECT_EQ(send_one(fleet, i, "ann@site.test"), "accept") << i;
  }
}

/// A login that is new and writes to many whom it never wrote to.
TEST_F(LimitsOfAFleet, BehaviourIsSeenTogether) {
  // How many pass before it is suspicious, through one node after the other.
  const auto admitted = [&](int nodes, const std::string& store) {
    Fleet fleet({.nodes = nodes,
                 .store = store,
                 .limits = {},
                 .rules = "  - {name: stolen, when: behaviour is suspicious, defer: true}\n"});
    int sent = 0;
    while (sent < 1000) {
      const std::string to = fmt::format("<p{}@far{}.example>", sent, sent % 50);
      if (send_one(fleet, static_cast<std::size_t>(sent) % fleet.size(), "sam@site.test", to) != "accept") break;
      ++sent;
    }
    return sent;
  };
  const int alone = admitted(1, on(*server) + ", timeout: 2s, prefix: \"alone:\"");
  EXPECT_GT(alone, 1);
  EXPECT_LT(alone, 1000);
  EXPECT_EQ(admitted(2, on(*server) + ", timeout: 2s, prefix: \"two:\""), alone);
  EXPECT_GT(admitted(2, {}), alone);  // what the shared Redis is there for
}

}  // namespace
}  // namespace postern::test
