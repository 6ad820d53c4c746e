// FAULTS T60 to T63: what happens to the Redis in which several daemons count, under load. Nobody is refused for good, nobody
// waits long, what is let through stays within the bound of policy/limits/redis_ledger.h, and afterwards all count exactly.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/wire/fleet.h"

namespace postern::test {
namespace {

constexpr int kNodes = 3;
constexpr std::int64_t kMost = 300;
constexpr std::int64_t kShare = kMost / kNodes;
constexpr std::int64_t kPending = kNodes * Senders::kMostPending;  // as an outage begins, and as it ends
constexpr std::int64_t kBound = kMost + (kNodes - 1) * kShare + 2 * kPending;
constexpr auto kMostPatience = 8s;  // of an MTA with one callback: T13

const std::string kLimits = "limits: {user: {per: login, count: recipients, allow: 300/1h}}\n";
const std::string kDurable = "appendonly yes\nappendfsync always";  // it comes back with what it answered

std::string with_fallback(const std::string& fallback) {
  return fmt::format("limits: {{user: {{per: login, count: recipients, allow: 300/1h, unavailable: {}}}}}\n", fallback);
}

class LimitsInTrouble : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
  }
  /// With a time-out that a busy machine of tests keeps, unless `store` has one.
  static Fleet::Setup setup(const std::string& store) {
    const bool has_timeout = store.find("timeout") != std::string::npos;
    return {.nodes = kNodes, .store = store + (has_timeout ? "" : ", timeout: 500ms"), .limits = kLimits};
  }

  static void expect_nobody_pays(const Senders& senders) {
    EXPECT_EQ(senders.answers('5'), 0) << senders.table();
    EXPECT_EQ(senders.answers('t'), 0) << senders.table();
    EXPECT_EQ(senders.answers('?'), 0) << senders.table();
    EXPECT_LT(senders.slowest(), kMostPatience);
  }
  /// Somebody who was never seen gets what he may, and no more.
  static void expect_exact_counting(const Fleet& fleet) {
    EXPECT_TRUE(fleet.all_well()) << fleet.trouble(0) << fleet.trouble(1) << fleet.trouble(2);
    Senders after(fleet, "after@site.test");
    EXPECT_EQ(after.use_up(), kMost) << after.table();
    EXPECT_TRUE(fleet.all_show("after@site.test", {kMost, 0}));
    expect_nobody_pays(after);
  }
  /// Senders at work while a fault lasts; how many passed. It begins when a third of what is allowed is used, and all is
  /// used up after it.
  template <class Begins, class Ends>
  static std::int64_t live_through(const Fleet& fleet, Begins begins, Ends ends, std::chrono::milliseconds lasts) {
    Senders sam(fleet, "sam@site.test");
    sam.begin();
    EXPECT_TRUE(comes_true(30s, [&] { return sam.admitted() >= kMost / 3; })) << sam.table();
    begins();
    std::this_thread::sleep_for(lasts);
    const std::int64_t during = sam.admitted();
    ends();
    EXPECT_TRUE(fleet.all_well()) << fleet.trouble(0);
    sam.end();
    const std::int64_t admitted = sam.use_up();
    std::cout << "[          ] allowed " << kMost << ", " << during << " as the fault ended, " << admitted
              << " in all; the slowest step " << sam.slowest().count() << " ms\n";
    expect_nobody_pays(sam);
    EXPECT_GE(admitted, kMost) << sam.table();
    return admitted;
  }
};

TEST_F(LimitsInTrouble, RedisIsStoppedAndStartedAgain) {
  RedisServer server(kDurable);
  Fleet fleet(setup(on(server)));
  EXPECT_LE(live_through(
                fleet, [&] { server.stop(); }, [&] { server.start(); }, 2s),
            kBound);
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, RedisIsStartedAgainWithoutWhatItKnew) {
  RedisServer server;
  Fleet fleet(setup(on(server)));
  EXPECT_LE(live_through(
                fleet, [&] { server.stop(); }, [&] { server.start(); }, 2s),
            kBound + kMost);
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, RedisIsFrozen) {
  RedisServer server;
  Fleet fleet(setup(on(server)));
  const auto lasts = 1s * in_long_runs(30, 5);
  EXPECT_LE(live_through(
                fleet, [&] { server.freeze(); }, [&] { server.thaw(); }, lasts),
            kBound);
  expect_exact_counting(fleet);
}

/// What the share is there for.
TEST_F(LimitsInTrouble, WithoutTheShareAnOutageWouldLetEverythingThrough) {
  RedisServer server;
  Fleet::Setup skipping = setup(on(server));
  skipping.limits = with_fallback("skip");
  Fleet fleet(skipping);
  EXPECT_GT(live_through(
                fleet, [&] { server.freeze(); }, [&] { server.thaw(); }, 5s),
            kBound);
}

TEST_F(LimitsInTrouble, RedisIsFull) {
  RedisServer server;
  Fleet fleet(setup(on(server)));
  const auto fills = [&] { server.command_line("config set maxmemory 1"); };
  const auto empties = [&] { server.command_line("config set maxmemory 0"); };
  EXPECT_LE(live_through(fleet, fills, empties, 2s), kBound);
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, RedisIsFlushed) {
  RedisServer server;
  Fleet fleet(setup(on(server)));
  EXPECT_LE(live_through(
                fleet, [&] { server.command_line("flushall"); }, [] {}, 0s),
            2 * kMost + kPending);
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, ScriptsThatAreFlushedCostNothing) {
  RedisServer server;
  Fleet fleet(setup(on(server) + ", timeout: 2s"));
  const auto flushes = [&] {
    for (int i = 0; i < 20; ++i) server.command_line("script flush");
  };
  EXPECT_EQ(live_through(
                fleet, flushes, [] {}, 0s),
            kMost);
  EXPECT_TRUE(fleet.all_show("sam@site.test", {kMost, 0}));
}

TEST_F(LimitsInTrouble, AWrongPasswordLeavesEachItsShareAndStatusSaysWhy) {
  RedisServer server("requirepass right");
  const TempFolder folder;
  std::ofstream(folder / "password") << "wrong\n";
  std::filesystem::permissions(folder / "password", std::filesystem::perms::owner_read);
  Fleet::Setup wrong = setup(fmt::format("{}, password_file: \"{}\"", on(server), folder / "password"));
  wrong.wait_until_well = false;
  Fleet fleet(wrong);
  Senders sam(fleet, "sam@site.test");
  EXPECT_EQ(sam.use_up(), kNodes * kShare) << sam.table();
  for (std::size_t i = 0; i < fleet.size(); ++i) EXPECT_EQ(sam.admitted_by(i), kShare) << i;
  expect_nobody_pays(sam);
  EXPECT_NE(fleet.trouble(0).find("WRONGPASS"), std::string::npos) << fleet.trouble(0);
  EXPECT_EQ(fleet.trouble(0).find("right"), std::string::npos);
  EXPECT_EQ(fleet.node(0).log().find("wrong\""), std::string::npos);
}

TEST_F(LimitsInTrouble, ThroughTlsTheyCountExactly) {
  RedisServer server{RedisServer::Tls{}};
  Fleet fleet(setup(fmt::format("servers: [\"127.0.0.1:{}\"], tls: true, ca_file: \"{}\", timeout: 2s",
                                server.tls_port(), server.ca_file())));
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, AServerThatTlsCannotVerifyIsNotAsked) {
  RedisServer server{RedisServer::Tls{}}, other{RedisServer::Tls{}};
  Fleet::Setup unknown =
      setup(fmt::format("servers: [\"127.0.0.1:{}\"], tls: true, ca_file: \"{}\"", server.tls_port(), other.ca_file()));
  unknown.wait_until_well = false;
  Fleet fleet(unknown);
  EXPECT_EQ(send_one(fleet, 0, "sam@site.test"), "accept");
  EXPECT_FALSE(fleet.trouble(0).empty());
  EXPECT_EQ(server.command_line("dbsize"), "0");
}

TEST_F(LimitsInTrouble, AsAUserOfTheAclTheyCountExactly) {
  RedisServer server;
  server.command_line("acl setuser mail on >open ~postern:* &* +@all -@dangerous +role");
  const TempFolder folder;
  std::ofstream(folder / "password") << "open\n";
  std::filesystem::permissions(folder / "password", std::filesystem::perms::owner_read);
  Fleet fleet(
      setup(fmt::format("{}, user: mail, password_file: \"{}\", timeout: 2s", on(server), folder / "password")));
  expect_exact_counting(fleet);
}

TEST_F(LimitsInTrouble, DeferPutsMailOffWhileRedisIsAway) {
  RedisServer server;
  Fleet::Setup deferring = setup(on(server));
  deferring.limits = with_fallback("defer");
  Fleet fleet(deferring);
  EXPECT_EQ(send_one(fleet, 0, "sam@site.test"), "accept");
  server.stop();
  EXPECT_TRUE(send_one(fleet, 0, "sam@site.test").starts_with("451 4.4.3")) << send_one(fleet, 0, "sam@site.test");
  server.start();
  EXPECT_TRUE(fleet.all_well());
  EXPECT_EQ(send_one(fleet, 0, "sam@site.test"), "accept");
}

TEST_F(LimitsInTrouble, SkipLetsMailThroughWhileRedisIsAway) {
  RedisServer server;
  Fleet::Setup skipping = setup(on(server));
  skipping.limits = with_fallback("skip");
  Fleet fleet(skipping);
  server.stop();
  for (std::int64_t i = 0; i <= kShare; ++i) ASSERT_EQ(send_one(fleet, 0, "sam@site.test"), "accept") << i;
}

/// What had not been replicated is lost; how much it was is printed.
TEST_F(LimitsInTrouble, SentinelMakesAReplicaTheMaster) {
  RedisServer master;
  RedisServer replica(fmt::format("replicaof 127.0.0.1 {}", master.port()));
  RedisSentinel one(master.port()), two(master.port()), three(master.port());
  const auto server = [](const RedisSentinel& sentinel) {
    return fmt::format("\"127.0.0.1:{}\"", sentinel.on_port().port);
  };
  Fleet fleet(setup(fmt::format("sentinel: mail, servers: [{}, {}, {}]", server(one), server(two), server(three))));
  ASSERT_TRUE(comes_true(
      20s, [&] { return master.command_line("info replication").find("state=online") != std::string::npos; }));
  std::this_thread::sleep_for(3s);  // the Sentinels find the replica, and each other, by what the master tells
  const auto fails_over = [&] {
    master.kill();
    EXPECT_TRUE(comes_true(
        60s, [&] { return replica.command_line("info replication").find("role:master") != std::string::npos; }));
  };
  const std::int64_t admitted = live_through(
      fleet, fails_over, [] {}, 0s);
  std::cout << "[          ] the failover let " << std::max<std::int64_t>(0, admitted - kMost) << " of at most "
            << kBound + kMost - kMost << " more through\n";
  EXPECT_LE(admitted, kBound + kMost);
  expect_exact_counting(fleet);
}

}  // namespace
}  // namespace postern::test
