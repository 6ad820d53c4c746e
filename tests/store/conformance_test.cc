#include <atomic>
#include <limits>

#include "tests/store/store_world.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;

/// What every store does.
class AnyStore : public ::testing::TestWithParam<Options::Type> {
 protected:
  StoreWorld w{GetParam()};
  /// Of a file: forgets what is in memory.
  void reopen() {
    if (GetParam() == Options::Type::sqlite) w.open();
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, AnyStore, ::testing::Values(Options::Type::memory, Options::Type::sqlite),
                         [](const auto& of) { return of.param == Options::Type::memory ? "memory" : "sqlite"; });

TEST_P(AnyStore, SeesWhatWasWrittenAtOnce) {
  EXPECT_EQ(w.get(Space::evidence, "a"), "-");
  w.put(Space::evidence, "a", "1");
  EXPECT_EQ(w.get(Space::evidence, "a"), "1");
  EXPECT_EQ(w.get(Space::misses, "a"), "-");
  w.put(Space::evidence, "a", "2");
  EXPECT_EQ(w.get(Space::evidence, "a"), "2");
  w.store->erase(Space::evidence, "a");
  EXPECT_EQ(w.get(Space::evidence, "a"), "-");
}

TEST_P(AnyStore, KeepsBytesAsTheyAre) {
  const std::string key("k\0\xff'--\n", 8);
  const std::string value("\0\x80\"v", 4);
  w.put(Space::evidence, key, value);
  w.put(Space::evidence, "", "");
  reopen();
  EXPECT_EQ(w.get(Space::evidence, key), value);
  EXPECT_EQ(w.get(Space::evidence, ""), "");
}

TEST_P(AnyStore, RefusesWhatIsTooLong) {
  const std::string key(kMostKeyBytes, 'k');
  const std::string value(kMostValueBytes, 'v');
  EXPECT_NE(w.put(Space::evidence, key, value), kRefused);
  EXPECT_EQ(w.put(Space::evidence, key + "k", "v"), kRefused);
  EXPECT_EQ(w.put(Space::evidence, "k", value + "v"), kRefused);
  EXPECT_EQ(w.store->add(Space::evidence, key + "k", 3, w.clock.wall() + 1h), 3);
  EXPECT_EQ(w.counted("store.refused"), 3);
  EXPECT_FALSE(w.wait(kRefused));
  reopen();
  EXPECT_EQ(w.get(Space::evidence, key), value);
  EXPECT_EQ(w.get(Space::evidence, key + "k"), "-");
}

TEST_P(AnyStore, AnEntryIsGoneTheMomentItExpires) {
  w.put(Space::evidence, "a", "1", 10s);
  w.clock.advance(9999ms);
  EXPECT_EQ(w.get(Space::evidence, "a"), "1");
  EXPECT_EQ(w.store->get(Space::evidence, "a")->expires, w.clock.wall() + 1ms);
  reopen();
  EXPECT_EQ(w.get(Space::evidence, "a"), "1");
  w.clock.advance(1ms);
  EXPECT_EQ(w.get(Space::evidence, "a"), "-");
  EXPECT_EQ(w.listed(Space::evidence, "", 9), "");
  reopen();
  EXPECT_EQ(w.get(Space::evidence, "a"), "-");
  w.put(Space::evidence, "a", "2", -1s);
  EXPECT_EQ(w.get(Space::evidence, "a"), "-");
}

TEST_P(AnyStore, ExpiredEntriesLeaveByThemselves) {
  for (int i = 0; i < 100; ++i) w.put(Space::evidence, std::to_string(i), "x", 10s);
  w.put(Space::evidence, "stays", "x", 1h);
  w.wait();
  w.clock.advance(11s);
  for (int i = 0; i < 2000; ++i) w.put(Space::evidence, "new" + std::to_string(i), "x", 1h);
  EXPECT_TRUE(eventually([&] { return w.store->health().entries == 2001; })) << w.store->health().entries;
  EXPECT_EQ(w.counted("store.evicted"), 0);
}

TEST_P(AnyStore, ACounterBeginsAtNothingAndEndsInTime) {
  EXPECT_EQ(w.store->add(Space::misses, "c", 2, w.clock.wall() + 10s), 2);
  EXPECT_EQ(w.store->add(Space::misses, "c", 3, w.clock.wall() + 100s), 5);
  EXPECT_EQ(w.get(Space::misses, "c"), "5");
  reopen();
  EXPECT_EQ(w.store->add(Space::misses, "c", -1, w.clock.wall() + 100s), 4);
  w.clock.advance(10s);  // `expires` of the first alone counts
  EXPECT_EQ(w.store->add(Space::misses, "c", 7, w.clock.wall() + 10s), 7);
}

TEST_P(AnyStore, ACounterStopsAtTheEndsOfItsType) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(w.store->add(Space::misses, "c", kMost, w.clock.wall() + 10s), kMost);
  EXPECT_EQ(w.store->add(Space::misses, "c", kMost, w.clock.wall() + 10s), kMost);
  w.put(Space::misses, "text", "12x");
  EXPECT_EQ(w.store->add(Space::misses, "text", 5, w.clock.wall() + 10s), 5);
}

TEST_P(AnyStore, CountsExactlyWhoeverElseCounts) {
  constexpr int kThreads = 8;
  constexpr int kEach = 2000;
  constexpr int kKeys = 16;
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> seen{0};  // each sum of a key is answered once: their sum is known
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i)
        seen += w.store->add(Space::misses, "key" + std::to_string(i % kKeys), 1, w.clock.wall() + 1h);
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr std::int64_t kOfKey = kThreads * kEach / kKeys;
  EXPECT_EQ(seen, kKeys * kOfKey * (kOfKey + 1) / 2);
  reopen();
  for (int k = 0; k < kKeys; ++k) EXPECT_EQ(w.get(Space::misses, "key" + std::to_string(k)), std::to_string(kOfKey));
}

TEST_P(AnyStore, ListsInTheOrderOfTheKeys) {
  for (const char* key : {"b/2", "a", "b/10", "c", "b/1", "b"}) w.put(Space::observed_grant, key, key);
  w.wait();
  reopen();
  w.put(Space::observed_grant, "b/11", "new");
  w.put(Space::observed_grant, "b/2", "changed");
  w.store->erase(Space::observed_grant, "b/1");
  EXPECT_EQ(w.listed(Space::observed_grant, "b/", 9), "b/10=b/10 b/11=new b/2=changed ");
  EXPECT_EQ(w.listed(Space::observed_grant, "b/", 2), "b/10=b/10 b/11=new ");
  EXPECT_EQ(w.listed(Space::observed_grant, "", 2), "a=a b=b ");
  EXPECT_EQ(w.listed(Space::evidence, "", 2), "");
  EXPECT_EQ(w.listed(Space::observed_grant, "x", 9), "");
}

TEST_P(AnyStore, AStepOfTheClockEndsNothingAndKeepsNothingForEver) {
  for (const std::chrono::hours step : {24h, -24h, 24h * 365, -24h * 365}) {
    w.put(Space::evidence, "hour", "1", 1h);
    w.store->add(Space::misses, "c", 1, w.clock.wall() + 1h);
    w.clock.step_wall(step);
    EXPECT_EQ(w.get(Space::evidence, "hour"), "1");
    EXPECT_EQ(w.store->get(Space::evidence, "hour")->expires, w.clock.wall() + 1h);
    EXPECT_EQ(w.store->add(Space::misses, "c", 1, w.clock.wall() + 1h), 2);
    w.clock.advance(1h);
    EXPECT_EQ(w.get(Space::evidence, "hour"), "-");
    EXPECT_EQ(w.get(Space::misses, "c"), "-");
  }
  w.store->put(Space::evidence, "far", "1", WallTime::max());
  EXPECT_EQ(w.store->get(Space::evidence, "far")->expires, w.clock.wall() + kLongest);
  w.clock.step_wall(-24h * 3650);
  EXPECT_EQ(w.store->get(Space::evidence, "far")->expires, w.clock.wall() + kLongest);
}

class FullStore : public ::testing::TestWithParam<Options::Type> {};

INSTANTIATE_TEST_SUITE_P(Stores, FullStore, ::testing::Values(Options::Type::memory, Options::Type::sqlite),
                         [](const auto& of) { return of.param == Options::Type::memory ? "memory" : "sqlite"; });

TEST_P(FullStore, OneSpaceDoesNotPushOutAnothersEntries) {
  StoreWorld w(GetParam(), {.most_entries = 100});
  w.put(Space::observed_grant, "grant", "1");
  for (int i = 0; i < 1000; ++i) w.put(Space::evidence, std::to_string(i), "x");
  w.wait();
  EXPECT_TRUE(eventually([&] { return w.counted("store.evicted") >= 900; })) << w.counted("store.evicted");
  EXPECT_EQ(w.get(Space::observed_grant, "grant"), "1");
  if (GetParam() == Options::Type::sqlite) w.open();
  EXPECT_LE(w.store->list(Space::evidence, "", 1000).size(), 100u);
  EXPECT_EQ(w.get(Space::observed_grant, "grant"), "1");
}

TEST_P(FullStore, BytesAreLimitedOverAll) {
  StoreWorld w(GetParam(), {.most_bytes = std::size_t{4} << 20});
  const std::string value(10000, 'v');
  w.put(Space::observed_grant, "grant", "1", 240h);
  for (int i = 0; i < 2000; ++i) w.put(Space::evidence, std::to_string(i), value);
  w.wait();
  EXPECT_TRUE(eventually([&] { return w.counted("store.evicted") >= 1580; })) << w.counted("store.evicted");
  EXPECT_TRUE(eventually([&] {
    const std::size_t entries = w.store->health().entries;
    return entries >= 300 && entries <= 420;
  })) << w.store->health().entries;
  EXPECT_EQ(w.get(Space::observed_grant, "grant"), "1");
}

}  // namespace
}  // namespace postern::store
