// A RedisLedger while Redis is away, comes back, forgets, or is another one.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "policy/limits/redis_scripts.h"
#include "tests/limits/redis_world.h"

namespace postern::limits {
namespace {

class RedisFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    server = std::make_unique<test::RedisServer>();
    options = options_of(*server);
    options.nodes = 3;
    options.timeout = 200ms;
  }
  Demand messages(std::int64_t amount = 1) const {
    return {.limit = "mail", .key = "sam", .allow = allow, .amount = amount, .fallback = fallback};
  }
  std::unique_ptr<Node> make_node(const RedisLedger::Options& of_ledger = {}) {
    auto node = std::make_unique<Node>(options, of_ledger);
    EXPECT_TRUE(node->ready());
    return node;
  }
  static bool goes_down(Node& node) {
    return eventually([&] { return !node.connection->is_up(); });
  }
  /// Takes and commits one after the other until it is refused; how many.
  std::int64_t take_all(Node& node) {
    std::int64_t taken = 0;
    for (; node.reserve(messages()).find("over") == std::string::npos && taken < 10'000; ++taken) node.commit();
    return taken;
  }

  std::vector<Allowance> allow{{30, 60s}};
  Fallback fallback = Fallback::local;
  std::unique_ptr<test::RedisServer> server;
  store::redis::Options options;
};

TEST_F(RedisFaults, WhileRedisIsAwayEachAllowsItsShare) {
  const auto node = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  EXPECT_EQ(node->look(messages()), "local ok 0/10");
  EXPECT_EQ(take_all(*node), 10);
  allow = {{2, 60s}};
  EXPECT_EQ(node->look({.limit = "other", .key = "sam", .allow = allow}),
            "local near 0/1");  // with it, its share is used up
  allow = {{0, 60s}};
  EXPECT_EQ(node->reserve(messages()), "local over 10/0");
}

TEST_F(RedisFaults, OthersAreUnavailable) {
  const auto node = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  fallback = Fallback::defer;
  EXPECT_EQ(node->reserve(messages()), "unavailable");
  fallback = Fallback::skip;
  EXPECT_EQ(node->look(messages()), "unavailable");
  EXPECT_TRUE(node->holds.empty());
}

TEST_F(RedisFaults, AnOutageDoesNotBeginFromZeroAndWhatItLetThroughIsPaid) {
  const auto node = make_node();
  const auto other = make_node();
  for (int i = 0; i < 4; ++i) {
    node->reserve(messages());
    node->commit();
  }
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  EXPECT_EQ(node->look(messages()), "local ok 4/10");
  EXPECT_EQ(take_all(*node), 6);
  server->start();  // it has forgotten what was before
  ASSERT_TRUE(node->ready());
  ASSERT_TRUE(other->ready());
  EXPECT_EQ(node->look(messages()), "ok 6/30");
  EXPECT_EQ(other->look(messages()), "ok 6/30");
  EXPECT_EQ(node->look(messages()), "ok 6/30");  // paid once
}

/// What the shadow is there for.
TEST_F(RedisFaults, WithoutTheShadowAnOutageWouldBeginFromZero) {
  const auto node = make_node({.test_no_shadow = true});
  EXPECT_EQ(take_all(*node), 30);
  server->freeze();
  node->reserve(messages());
  ASSERT_TRUE(goes_down(*node));
  EXPECT_GT(take_all(*node), 0);  // 31 and more through one machine
  server->thaw();
}

TEST_F(RedisFaults, WithTheShadowWhoHasUsedAllHasNoShare) {
  const auto node = make_node();
  EXPECT_EQ(take_all(*node), 30);
  server->freeze();
  node->reserve(messages());
  ASSERT_TRUE(goes_down(*node));
  EXPECT_EQ(take_all(*node), 0);
  server->thaw();
}

/// The bound of the header, N + (k - 1) * s, as it is reached: all through one machine, then a share through each other.
TEST_F(RedisFaults, TheBoundOfAnOutageIsReachedAndNotExceeded) {
  const auto a = make_node();
  const auto b = make_node();
  const auto c = make_node();
  std::int64_t taken = take_all(*a);
  EXPECT_EQ(taken, 30);
  for (int outage = 0; outage < 3; ++outage) {  // each keeps what Redis knows
    server->freeze();
    for (Node* node : {a.get(), b.get(), c.get()}) {
      node->reserve(messages());
      node->release();
      ASSERT_TRUE(goes_down(*node));
      taken += take_all(*node);
    }
    server->thaw();
    for (Node* node : {a.get(), b.get(), c.get()}) {
      ASSERT_TRUE(node->ready());
      taken += take_all(*node);
    }
    EXPECT_EQ(taken, 30 + 2 * 10) << outage;
  }
}

TEST_F(RedisFaults, AnAnswerThatCameTooLateHoldsNothing) {
  const auto node = make_node();
  node->reserve(messages(0));
  server->freeze();
  EXPECT_EQ(node->reserve(messages(5)), "local ok 5/10");  // Redis takes it, too, as soon as it goes on
  node->release();
  server->thaw();
  ASSERT_TRUE(node->ready());
  EXPECT_TRUE(eventually([&] { return node->look(messages()) == "ok 0/30"; })) << node->look(messages());
}

/// What giving back what has perhaps not come is there for.
TEST_F(RedisFaults, WithoutATombstoneALateAnswerWouldHoldForAnHour) {
  const auto node = make_node({.test_no_tombstone = true});
  node->reserve(messages(0));
  server->freeze();
  EXPECT_EQ(node->reserve(messages(5)), "local ok 5/10");
  node->release();
  server->thaw();
  ASSERT_TRUE(node->ready());
  EXPECT_TRUE(eventually([&] { return node->look(messages()) == "ok 5/30"; })) << node->look(messages());
}

TEST_F(RedisFaults, WhatIsCommittedWhileRedisIsAwayIsToldLater) {
  const auto node = make_node();
  EXPECT_EQ(node->reserve(messages(3)), "ok 3/30");
  const std::vector<Hold> first = node->holds;
  node->holds.clear();
  EXPECT_EQ(node->reserve(messages(2)), "ok 5/30");
  server->freeze();
  node->look(messages());
  ASSERT_TRUE(goes_down(*node));
  node->commit();
  node->ledger.release(first);
  server->thaw();
  ASSERT_TRUE(node->ready());
  EXPECT_TRUE(eventually([&] { return node->look(messages()) == "ok 2/30"; })) << node->look(messages());
  EXPECT_EQ(node->ledger.show("sam", soon()).at(0).reserved, 0);
}

TEST_F(RedisFaults, ChargesOfAnOutageArePaid) {
  const auto node = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  const Demand five = messages(5);
  node->ledger.charge({&five, 1});
  node->ledger.charge({&five, 1});
  server->start();
  ASSERT_TRUE(node->ready());
  EXPECT_EQ(node->look(messages()), "ok 10/30");
}

/// Of each message there are texts and strangers without end.
TEST_F(RedisFaults, WhatIsKnownOfBehaviourTakesNoRoomOfLimits) {
  const auto node = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  for (std::size_t i = 0; i < RedisOwed::kMost + 10; ++i) {
    const std::string text = "behaviour/text " + std::to_string(i);
    const Demand one{.limit = text, .key = "sam", .allow = allow};
    node->ledger.charge({&one, 1});
  }
  EXPECT_GT(node->counted("limits.redis.behaviour_lost"), 0);
  EXPECT_EQ(node->reserve(messages(4)), "local ok 4/10");
  node->commit();
  server->start();
  ASSERT_TRUE(node->ready());
  EXPECT_EQ(node->look(messages()), "ok 4/30");
}

/// Who asks while there is no connection yet, and is answered by the one that comes.
TEST_F(RedisFaults, WhatIsOwedIsPaidBeforeTheFirstAnswerOfAConnection) {
  options.timeout = 5s;
  server->freeze();
  Node node(options);
  const Demand many = messages(28);
  node.ledger.charge({&many, 1});
  std::thread later([&] {
    std::this_thread::sleep_for(300ms);
    server->thaw();
  });
  EXPECT_EQ(node.reserve(messages(4)), "over 28/30");
  later.join();
  EXPECT_TRUE(node.holds.empty());
  EXPECT_EQ(node.look(messages(1)), "near 28/30");
  EXPECT_EQ(node.ledger.show("sam", soon()).at(0).reserved, 0);
}

TEST_F(RedisFaults, WhatIsForgottenIsNotPaidLater) {
  auto node = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*node));
  const Demand two{.limit = "mail", .key = "sam", .allow = allow, .amount = 2};
  node->ledger.charge({&two, 1});
  EXPECT_EQ(node->ledger.reset("mail", "sam", soon()), 0U);  // what stands in Redis does not go
  server->start();
  ASSERT_TRUE(node->ready());
  EXPECT_EQ(node->look({.limit = "mail", .key = "sam", .allow = allow}), "ok 0/30");
}

TEST_F(RedisFaults, WhoEndsHandsOverWhatWasToldAndIsOwed) {
  auto node = make_node();
  auto ending = make_node();
  server->stop();
  ASSERT_TRUE(goes_down(*ending));
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "user" + std::to_string(i);
    const Demand two{.limit = "mail", .key = key, .allow = allow, .amount = 2};
    ending->ledger.charge({&two, 1});
  }
  server->start();
  ASSERT_TRUE(ending->ready());
  ASSERT_TRUE(node->ready());
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "user" + std::to_string(i);
    const Demand one{.limit = "mail", .key = key, .allow = allow, .amount = 1};
    ending->ledger.charge({&one, 1});
  }
  ending.reset();
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "user" + std::to_string(i);
    ASSERT_EQ(node->look({.limit = "mail", .key = key, .allow = allow}), "ok 3/30") << i;
  }
}

TEST_F(RedisFaults, FlushedScriptsAreSentAgain) {
  const auto node = make_node();
  EXPECT_EQ(node->reserve(messages()), "ok 1/30");
  node->commit();
  server->command_line("script flush");
  EXPECT_EQ(node->reserve(messages()), "ok 2/30");
  server->command_line("script flush");
  node->commit();
  EXPECT_TRUE(eventually([&] { return node->ledger.show("sam", soon()).at(0).reserved == 0; }));
  EXPECT_EQ(node->look(messages()), "ok 2/30");
}

TEST_F(RedisFaults, AFullRedisIsAway) {
  const auto node = make_node();
  EXPECT_EQ(node->reserve(messages()), "ok 1/30");
  node->commit();
  server->command_line("config set maxmemory 1");
  EXPECT_EQ(node->reserve(messages()), "local ok 2/10");
  node->commit();
  EXPECT_GE(node->counted("redis.dropped"), 1);
  server->command_line("config set maxmemory 0");
  EXPECT_TRUE(eventually([&] { return node->look(messages()) == "ok 2/30"; })) << node->look(messages());
}

TEST_F(RedisFaults, AFlushedRedisBeginsAgainAndWhatWasHeldIsCounted) {
  const auto node = make_node();
  EXPECT_EQ(node->reserve(messages(7)), "ok 7/30");
  server->command_line("flushall");
  node->commit();
  EXPECT_EQ(node->look(messages()), "ok 7/30");
}

TEST_F(RedisFaults, AFlushedRedisIsToldTheNamesOfLimitsAgain) {
  const auto node = make_node();
  const auto other = make_node();
  node->reserve(messages(7));
  server->command_line("flushall");
  node->reserve(messages(2));
  EXPECT_EQ(node->ledger.show("sam", soon()).size(), 1U);
  node->settle();
  EXPECT_EQ(other->ledger.show("sam", soon()).size(), 1U);
}

TEST_F(RedisFaults, MuchThatWasToldOrIsOwedComesThroughWithoutATimeOut) {
  const auto node = make_node();
  allow = {{100'000, 24h}};
  std::vector<std::vector<Hold>> held;
  for (int i = 0; i < 3000; ++i) {
    node->reserve(messages());
    held.push_back(std::exchange(node->holds, {}));
  }
  server->freeze();
  node->reserve(messages(0));
  ASSERT_TRUE(goes_down(*node));
  for (const auto& holds : held) node->ledger.commit(holds);
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "user" + std::to_string(i);
    const Demand two{.limit = "mail", .key = key, .allow = allow, .amount = 2};
    node->ledger.charge({&two, 1});
  }
  const std::int64_t dropped = node->counted("redis.dropped");
  server->thaw();
  ASSERT_TRUE(node->ready());
  EXPECT_EQ(node->look({.limit = "mail", .key = "user1234", .allow = allow}), "ok 2/100000");  // its own is paid first
  EXPECT_TRUE(eventually([&] { return node->ledger.show("sam", soon()).at(0).reserved == 0; }));
  EXPECT_EQ(node->look(messages()), "ok 3000/100000");
  for (int i = 0; i < 100; ++i) node->look(messages());
  const auto last = node->ledger.show("user2999", soon());
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].windows[0].used, 2);
  EXPECT_EQ(node->counted("redis.dropped"), dropped);
  EXPECT_EQ(node->counted("redis.lost"), 0);
  EXPECT_EQ(node->counted("limits.redis.owed_lost"), 0);
}

/// What docs may tell operators to allow.
TEST_F(RedisFaults, AUserWithFewRightsSuffices) {
  server->command_line(
      "acl setuser mail on >open ~postern:* &* -@all +ping +role +select +time +evalsha +script|load +hmget +hset "
      "+hget "
      "+hdel +hgetall +hincrby +zadd +zrem +zscore +zcount +zcard +zrangebyscore +zremrangebyscore +zremrangebyrank "
      "+zrevrange +sadd +sscan +del +pexpire +pttl");
  options.user = "mail";
  options.password = "open";
  const auto node = make_node();
  allow = {{30, 60s}, {100, 24h, 50}};
  EXPECT_EQ(node->reserve(messages(25)), "near 25/30 25/100");
  node->commit();
  const Demand distinct{.limit = "to", .key = "sam", .unit = Unit::distinct_recipients, .allow = allow, .value = "a"};
  const Demand first{.limit = "new", .key = "sam", .unit = Unit::first_time_recipients, .allow = allow, .value = "a"};
  EXPECT_EQ(node->reserve(distinct), "ok 1/30 1/100");
  EXPECT_EQ(node->reserve(first), "ok 1/30 1/100");
  node->commit();
  EXPECT_EQ(node->reserve(distinct), "ok 1/30 1/100");
  node->release();
  node->ledger.note_refused("mail", "sam");
  EXPECT_EQ(node->ledger.show("sam", soon()).size(), 3U);
  EXPECT_EQ(node->ledger.top("mail", 3, soon()).size(), 1U);
  EXPECT_EQ(node->ledger.reset("", "sam", soon()), 3U);
  EXPECT_EQ(node->counted("limits.redis.odd_answers"), 0);
  EXPECT_EQ(node->counted("redis.dropped"), 0);
}

/// The clocks of machines have no say; with them in it, one that is a day ahead would let all of a window go.
TEST_F(RedisFaults, ClocksOfMachinesHaveNoSay) {
  const std::string naive =
      "eval \"redis.call('zremrangebyscore',KEYS[1],'-inf',ARGV[1]-60) if redis.call('zcard',KEYS[1])>=1 then return 0 "
      "end redis.call('zadd',KEYS[1],ARGV[1],ARGV[2]) return 1\" 1 naive ";
  EXPECT_EQ(server->command_line(naive + "1000 a"), "1");
  EXPECT_EQ(server->command_line(naive + "1001 b"), "0");
  EXPECT_EQ(server->command_line(naive + "87400 c"), "1");  // of the machine that is a day ahead
  for (const store::redis::Script* script : {&redis_scripts::ask(), &redis_scripts::settle()})
    EXPECT_NE(script->text().find("call('TIME')"), std::string::npos);  // and no argument holds a time
}

TEST_F(RedisFaults, ARedisClockThatIsSetBackKeepsWhatIsCounted) {
  const auto node = make_node();
  EXPECT_EQ(node->reserve(messages(5)), "ok 5/30");
  node->commit();
  node->settle();
  // As if all had been counted tomorrow: the state of the window has a slot a day ahead.
  server->command_line(
      "eval \"local k=redis.call('keys','*l:*')[1] local f=redis.call('hget',k,'s') "
      "local s,a,b=struct.unpack('<I5I6I6',f,28) "
      "redis.call('hset',k,'s',string.sub(f,1,27)..struct.pack('<I5I6I6',s+86400,a,b)..string.sub(f,45)) "
      "redis.call('hset',k,'S1',struct.pack('<I5I6',s+86400-10,a))\" 0");
  EXPECT_EQ(node->look(messages()), "ok 5/30");
  EXPECT_EQ(node->reserve(messages(2)), "ok 7/30");
  node->commit();
  EXPECT_EQ(node->look(messages()), "ok 7/30");
}

/// Sentinel makes a replica the master under load. What is counted goes back by what had not been replicated.
TEST_F(RedisFaults, AFailoverGoesBackByTheReplicationLagAtMost) {
  test::RedisServer replica("replicaof 127.0.0.1 " + std::to_string(server->port()));
  ASSERT_TRUE(eventually(
      [&] { return replica.command_line("info replication").find("master_link_status:up") != std::string::npos; }));
  test::RedisSentinel sentinel(server->port());
  allow = {{3000, 24h}};
  options.servers = {sentinel.on_port()};
  options.sentinel = "mail";
  options.timeout = 500ms;
  options.nodes = 2;
  const auto a = make_node();
  const auto b = make_node();
  EXPECT_EQ(a->connection->health().server, "127.0.0.1:" + std::to_string(server->port()));
  std::this_thread::sleep_for(1s);  // Sentinel finds the replica by what the master tells
  std::atomic<bool> ending{false};
  std::atomic<std::int64_t> shared{0};
  std::atomic<std::int64_t> local{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Ledger& ledger = (t % 2 == 0 ? a : b)->ledger;
      while (!ending) {
        const Demand one = messages();
        std::vector<Answer> answers(1);
        std::vector<Hold> holds;
        ledger.reserve({&one, 1}, answers, holds, soon());
        if (holds.empty()) continue;
        (answers[0].local ? local : shared)++;
        ledger.commit(holds);
        std::this_thread::sleep_for(2ms);
      }
    });
  }
  std::this_thread::sleep_for(500ms);
  server->kill();
  const bool moved = eventually(
      [&] {
        return a->connection->health().server == "127.0.0.1:" + std::to_string(replica.port()) &&
               a->connection->is_up();
      },
      30s);
  std::this_thread::sleep_for(500ms);
  eventually([&] { return b->connection->is_up(); });
  ending = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(moved) << a->connection->health().problem;
  a->settle();
  b->settle();
  a->look(messages());  // pays what is owed
  b->look(messages());
  const auto accounts = a->ledger.show("sam", soon());
  ASSERT_EQ(accounts.size(), 1U);
  const std::int64_t counted = accounts[0].windows[0].used;
  std::printf("committed %ld through Redis, %ld in shares; Redis has %ld\n", static_cast<long>(shared),
              static_cast<long>(local), static_cast<long>(counted));
  EXPECT_GE(counted, shared + local - 100);  // local: 8 threads, some milliseconds of lag
  EXPECT_LE(shared + local, 3000 + 1500 + 100);
}

}  // namespace
}  // namespace postern::limits
