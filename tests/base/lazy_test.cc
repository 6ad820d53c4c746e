#include "policy/base/lazy.h"

#include <atomic>
#include <latch>

namespace postern {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Deadline in(milliseconds wait) { return Deadline(std::chrono::steady_clock::now() + wait); }

TEST(Lazy, IsRunByWhoeverNeedsItFirstAndOnce) {
  int runs = 0;
  Lazy<int> lazy([&](const Deadline&) { return ++runs, std::optional(42); });
  EXPECT_EQ(lazy.peek(), std::nullopt);
  EXPECT_EQ(lazy.get(in(seconds(1))), 42);
  EXPECT_EQ(lazy.get(in(seconds(1))), 42);
  EXPECT_EQ(runs, 1);
}

TEST(Lazy, IsAskedAgainWhenItWasNotReady) {
  int runs = 0;
  Lazy<int> lazy([&](const Deadline&) { return ++runs < 2 ? std::nullopt : std::optional(runs); });
  EXPECT_EQ(lazy.get(in(milliseconds(1))), std::nullopt);
  EXPECT_EQ(lazy.get(in(seconds(1))), 2);
}

TEST(Lazy, APoolOfNoThreadsStartsNothing) {
  Pool pool("none", 0, 10);
  std::atomic<int> runs = 0;
  Lazy<int> lazy([&](const Deadline&) { return std::optional(++runs); });
  lazy.start(pool, std::chrono::steady_clock::now() + seconds(1));
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(lazy.get(in(seconds(1))), 1);
}

TEST(Lazy, AwaitsWhatThePoolHasBegun) {
  std::latch begun(1), go(1);  // the pool waits at its end for who waits for them
  Pool pool("one", 1, 10);
  Lazy<int> lazy([&](const Deadline&) {
    begun.count_down();
    go.wait();
    return std::optional(7);
  });
  lazy.start(pool, std::chrono::steady_clock::now() + seconds(10));
  begun.wait();
  EXPECT_EQ(lazy.get(in(milliseconds(1))), std::nullopt);
  go.count_down();
  EXPECT_EQ(lazy.get(in(seconds(10))), 7);
}

TEST(Lazy, AFullPoolDelaysNobody) {
  std::latch go(1);
  Pool pool("one", 1, 10);
  pool.start([&] { go.wait(); });
  Lazy<int> lazy([](const Deadline&) { return std::optional(7); });
  lazy.start(pool, std::chrono::steady_clock::now() + seconds(10));
  EXPECT_EQ(lazy.get(in(seconds(10))), 7);  // taken back from the queue
  go.count_down();
}

TEST(Pool, RefusesWhatItsQueueCannotHold) {
  std::latch begun(1), go(1);
  Pool pool("one", 1, 1);
  ASSERT_TRUE(pool.start([&] {
    begun.count_down();
    go.wait();
  }));
  begun.wait();
  EXPECT_TRUE(pool.start([] {}));
  EXPECT_FALSE(pool.start([] {}));
  go.count_down();
}

}  // namespace
}  // namespace postern
