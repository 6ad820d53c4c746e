#include <limits>

#include "policy/store/make_store.h"
#include "tests/store/store_world.h"
#include "tests/support/redis_server.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;

class RedisStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    server = std::make_unique<test::RedisServer>();
    Options options;
    options.redis.servers = {server->on_socket()};
    options.redis.timeout = 2s;
    w = std::make_unique<StoreWorld>(Options::Type::redis, options);
    other = std::make_unique<StoreWorld>(Options::Type::redis, options);
    ASSERT_TRUE(eventually([&] { return w->store->health().problem.empty(); }));
    ASSERT_TRUE(eventually([&] { return other->store->health().problem.empty(); }));
  }
  /// Writes are told: until here they have been done.
  void done() { w->get(Space::evidence, "done"); }
  bool away() {
    return eventually([&] { return !w->store->health().problem.empty(); });
  }

  std::unique_ptr<test::RedisServer> server;
  std::unique_ptr<StoreWorld> w;      // of one machine
  std::unique_ptr<StoreWorld> other;  // of another
};

TEST_F(RedisStoreTest, WhatOneWritesAllSee) {
  EXPECT_EQ(w->get(Space::evidence, "a"), "-");
  w->put(Space::evidence, "a", "1");
  EXPECT_EQ(w->get(Space::evidence, "a"), "1");
  EXPECT_EQ(other->get(Space::evidence, "a"), "1");
  EXPECT_EQ(other->get(Space::misses, "a"), "-");
  other->store->erase(Space::evidence, "a");
  EXPECT_EQ(other->get(Space::evidence, "a"), "-");
  EXPECT_EQ(w->get(Space::evidence, "a"), "-");
}

/// With those that limits need, what docs/scaling.md tells to allow.
TEST_F(RedisStoreTest, AUserWithFewRightsSuffices) {
  server->command_line(
      "acl setuser mail on >open ~postern:* -@all +ping +role +select +get +set +pttl +pexpire +del +incrby +scan "
      "+evalsha +script|load");
  Options options;
  options.redis.servers = {server->on_socket()};
  options.redis.user = "mail";
  options.redis.password = "open";
  options.redis.timeout = 2s;
  StoreWorld few(Options::Type::redis, options);
  ASSERT_TRUE(eventually([&] { return few.store->health().problem.empty(); }));
  few.put(Space::evidence, "a", "1");
  EXPECT_EQ(few.get(Space::evidence, "a"), "1");
  EXPECT_EQ(few.store->add(Space::misses, "n", 2, few.clock.wall() + 1h), 2);
  EXPECT_EQ(few.store->add(Space::misses, "n", 3, few.clock.wall() + 1h), 5);
  EXPECT_EQ(few.store->list(Space::evidence, "", 9).size(), 1U);
  few.store->erase(Space::evidence, "a");
  EXPECT_EQ(few.get(Space::evidence, "a"), "-");
  EXPECT_EQ(few.store->health().problem, "");
}

TEST_F(RedisStoreTest, KeepsBytesAsTheyAre) {
  const std::string key("k\0\xff*[?]\\\r\nFLUSHALL\r\n", 18);
  w->put(Space::evidence, key, std::string("\0\r\n$5", 5));
  w->put(Space::evidence, "", "");
  done();
  EXPECT_EQ(other->get(Space::evidence, key), std::string("\0\r\n$5", 5));
  EXPECT_EQ(other->get(Space::evidence, ""), "");
  EXPECT_EQ(w->put(Space::evidence, std::string(kMostKeyBytes + 1, 'k'), "v"), kRefused);
}

TEST_F(RedisStoreTest, AnEntryExpires) {
  w->put(Space::evidence, "a", "1", 1s);
  done();
  EXPECT_EQ(other->get(Space::evidence, "a"), "1");
  EXPECT_LE(other->store->get(Space::evidence, "a")->expires, other->clock.wall() + 1s);
  EXPECT_TRUE(eventually([&] { return other->get(Space::evidence, "a") == "-"; }));
  w->put(Space::evidence, "b", "1");
  w->put(Space::evidence, "b", "1", -1s);
  done();
  EXPECT_EQ(other->get(Space::evidence, "b"), "-");
}

TEST_F(RedisStoreTest, MachinesCountTogether) {
  EXPECT_EQ(w->store->add(Space::misses, "c", 2, w->clock.wall() + 1s), 2);
  EXPECT_EQ(other->store->add(Space::misses, "c", 3, w->clock.wall() + 1h), 5);
  EXPECT_EQ(w->get(Space::misses, "c"), "5");
  EXPECT_TRUE(eventually([&] { return w->get(Space::misses, "c") == "-"; }));  // `expires` of the first alone counts
}

TEST_F(RedisStoreTest, ACounterStopsAtTheEndsOfItsType) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(w->store->add(Space::misses, "c", kMost, w->clock.wall() + 10s), kMost);
  EXPECT_EQ(w->store->add(Space::misses, "c", kMost, w->clock.wall() + 10s), kMost);
  EXPECT_EQ(w->store->add(Space::misses, "d", -kMost - 1, w->clock.wall() + 10s), -kMost - 1);
  EXPECT_EQ(w->store->add(Space::misses, "d", -1, w->clock.wall() + 10s), -kMost - 1);
  w->put(Space::misses, "text", "12x");
  EXPECT_EQ(w->store->add(Space::misses, "text", 5, w->clock.wall() + 10s), 5);
}

TEST_F(RedisStoreTest, ListsInTheOrderOfTheKeys) {
  for (const char* key : {"b/2", "a", "b*", "b/10", "c", "b/1", "b"}) w->put(Space::observed_grant, key, key);
  EXPECT_EQ(w->listed(Space::observed_grant, "b/", 9), "b/1=b/1 b/10=b/10 b/2=b/2 ");
  EXPECT_EQ(other->listed(Space::observed_grant, "b*", 9), "b*=b* ");
  EXPECT_EQ(other->listed(Space::observed_grant, "", 2), "a=a b=b ");
  EXPECT_EQ(other->listed(Space::evidence, "", 2), "");
}

TEST_F(RedisStoreTest, ServesFromMemoryWhileRedisIsAway) {
  w->put(Space::evidence, "a", "1");
  w->store->add(Space::misses, "c", 2, w->clock.wall() + 1h);
  server->stop();
  ASSERT_TRUE(away());
  EXPECT_FALSE(w->store->health().durable);
  EXPECT_EQ(w->get(Space::evidence, "a"), "1");
  EXPECT_EQ(w->store->add(Space::misses, "c", 1, w->clock.wall() + 1h), 3);
  EXPECT_EQ(w->listed(Space::evidence, "", 9), "a=1 ");
  w->put(Space::frozen, "meanwhile", "2");
  server->start();
  ASSERT_TRUE(eventually([&] { return w->store->health().problem.empty(); }));
  EXPECT_EQ(w->get(Space::frozen, "meanwhile"), "2");
  EXPECT_FALSE(w->wait());
}

TEST_F(RedisStoreTest, WhoWasReleasedElsewhereIsNotFrozenHereInAnOutage) {
  w->put(Space::frozen, "eva", "1");
  done();
  ASSERT_EQ(other->get(Space::frozen, "eva"), "1");
  other->store->erase(Space::frozen, "eva");
  EXPECT_TRUE(eventually([&] { return !w->store->get(Space::frozen, "eva"); }));
  server->stop();
  ASSERT_TRUE(away());
  EXPECT_FALSE(w->store->get(Space::frozen, "eva"));
}

TEST_F(RedisStoreTest, WhatHasWaitedIsNoNewsAndHasLessTimeLeft) {
  server->stop();
  ASSERT_TRUE(away());
  w->put(Space::evidence, "a", "1");
  w->put(Space::frozen, "a", "1", 60s);
  w->put(Space::frozen, "short", "1", 2s);
  std::this_thread::sleep_for(3100ms);
  server->start();
  ASSERT_TRUE(eventually([&] { return w->store->health().problem.empty(); }));
  ASSERT_TRUE(eventually([&] { return other->store->health().problem.empty(); }));
  done();
  EXPECT_EQ(other->get(Space::evidence, "a"), "-");
  EXPECT_EQ(other->get(Space::frozen, "a"), "1");
  EXPECT_LE(other->store->get(Space::frozen, "a")->expires, other->clock.wall() + 57s);
  EXPECT_EQ(other->get(Space::frozen, "short"), "-");
  EXPECT_EQ(w->counted("redis.lost"), 1);
}

TEST(RedisStore, OptionsThatCannotBeMeantAreAnError) {
  test::FakeClock clock;
  Counters counters;
  EXPECT_EQ(make_store({.type = Options::Type::redis}, clock, counters).error().message, "redis needs servers");
}

}  // namespace
}  // namespace postern::store
