#include "policy/limits/ring.h"

#include <map>
#include <random>

namespace postern::limits {
namespace {

constexpr Shape kHour = Shape::of(std::chrono::hours(1));  // slots of a minute
constexpr Moment kNow = kBeforeSteady;
constexpr Moment kMinute = 60'000;

class RingTest : public testing::Test {
 protected:
  ~RingTest() override {
    ring.clear(budget);
    EXPECT_EQ(budget.used(), 0u);
  }
  void add(Moment at, std::int64_t n) { ring.add(kHour.slot_at(at), n, budget); }
  std::int64_t sum_at(Moment at) {
    ring.expire(kHour, at, budget);
    return ring.sum();
  }

  Budget budget{1 << 20};
  Ring ring;
};

TEST_F(RingTest, ForgetsASlotWhenItIsFullyOutside) {
  add(kNow, 3);
  add(kNow + kMinute / 2, 2);  // the same slot
  EXPECT_EQ(sum_at(kNow + 60 * kMinute), 5);
  EXPECT_EQ(sum_at(kNow + 61 * kMinute - 1), 5);
  EXPECT_EQ(sum_at(kNow + 61 * kMinute), 0);
}

TEST_F(RingTest, TellsWhenSoMuchWillHaveLeft) {
  add(kNow, 3);
  add(kNow + 5 * kMinute, 2);
  EXPECT_EQ(ring.frees(kHour, 3), kNow + 61 * kMinute);
  EXPECT_EQ(ring.frees(kHour, 4), kNow + 66 * kMinute);
  EXPECT_EQ(ring.frees(kHour, 6), std::nullopt);
  EXPECT_EQ(ring.leaves(kHour), kNow + 66 * kMinute);
}

TEST_F(RingTest, TakesOutOfASlotWhatIsInIt) {
  add(kNow, 3);
  add(kNow + kMinute, 4);
  EXPECT_EQ(ring.take(kHour.slot_at(kNow), 5), 3);
  EXPECT_EQ(ring.take(kHour.slot_at(kNow), 1), 0);
  EXPECT_EQ(ring.sum(), 4);
  EXPECT_EQ(ring.size(), 1u);
}

TEST_F(RingTest, HoldsAllSlotsOfAWindow) {
  for (int i = 0; i < 61; ++i) {
    ring.expire(kHour, kNow + i * kMinute, budget);
    add(kNow + i * kMinute, 1);
  }
  EXPECT_EQ(ring.sum(), 61);
  EXPECT_EQ(sum_at(kNow + 61 * kMinute), 60);
}

TEST_F(RingTest, NeedsNoMemoryForOneSlot) {
  add(kNow, 1'000'000'000'000);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(ring.sum(), 1'000'000'000'000);
}

TEST_F(RingTest, StaysAtItsMostWhereMoreIsAdded) {
  for (int i = 0; i < 100'000; ++i) add(kNow, 1'000'000'000'000);
  EXPECT_GT(ring.sum(), 1'000'000'000'000'000);
  add(kNow + kMinute, 1'000'000'000'000'000'000);
  EXPECT_GT(ring.sum(), 1'000'000'000'000'000);
}

TEST_F(RingTest, WithoutMemoryHoldsLongerAndNeverLess) {
  Budget none(0);
  Ring poor;
  for (int i = 0; i < 5; ++i) poor.add(kHour.slot_at(kNow + i * kMinute), 1, none);
  EXPECT_EQ(poor.sum(), 5);
  EXPECT_EQ(poor.leaves(kHour), kNow + 65 * kMinute);
  poor.take_since(kHour.slot_at(kNow), 2);  // it has moved on
  EXPECT_EQ(poor.sum(), 3);
  EXPECT_EQ(poor.take(kHour.slot_at(kNow), 1), 1);
  EXPECT_EQ(poor.sum(), 2);
}

// Random moments, slots in any order, against a map.
TEST_F(RingTest, IsWhatAMapIs) {
  std::mt19937 dice(7);
  for (const auto window :
       {std::chrono::seconds(1), std::chrono::seconds(3600), std::chrono::seconds(kLongestWindow)}) {
    const Shape shape = Shape::of(window);
    std::map<std::int64_t, std::int64_t> map;
    Ring tested;
    Moment now = kNow;
    for (int i = 0; i < 20'000; ++i) {
      now += static_cast<Moment>(dice() % static_cast<unsigned>(shape.slot * 3));
      tested.expire(shape, now, budget);
      while (!map.empty() && shape.leaves(map.begin()->first) <= now) map.erase(map.begin());
      const std::int64_t slot =
          std::max(shape.oldest(now), shape.slot_at(now) - static_cast<std::int64_t>(dice() % 70));
      const auto n = static_cast<std::int64_t>(dice() % 5 + 1);
      if (dice() % 3 > 0) {
        tested.add(slot, n, budget);
        map[slot] += n;
      } else if (const auto found = map.find(slot); found != map.end()) {
        const std::int64_t taken = std::min(n, found->second);
        ASSERT_EQ(tested.take(slot, n), taken);
        if ((found->second -= taken) == 0) map.erase(found);
      }
      std::int64_t sum = 0;
      for (const auto& [at, count] : map) sum += count;
      ASSERT_EQ(tested.sum(), sum);
      ASSERT_EQ(tested.size(), map.size());
      auto at = map.begin();
      tested.each([&](std::int64_t s, std::int64_t c) {
        EXPECT_EQ(std::pair(s, c), std::pair(at->first, at->second));
        ++at;
      });
    }
    tested.clear(budget);
  }
}

}  // namespace
}  // namespace postern::limits
