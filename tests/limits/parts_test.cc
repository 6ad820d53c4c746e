#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "policy/limits/gcra.h"
#include "policy/limits/ledger.h"
#include "policy/limits/name.h"
#include "policy/limits/value_set.h"
#include "policy/limits/wheel.h"

namespace postern::limits {
namespace {

constexpr Moment kNow = kBeforeSteady;

TEST(Gcra, LetsABurstThroughAndThenOneAfterTheOther) {
  const Allowance allow{.most = 30, .window = std::chrono::minutes(1), .burst = 10};  // one each 2 s
  Gcra smooth;
  EXPECT_EQ(smooth.wait(allow, 10, kNow), 0);
  EXPECT_GT(smooth.wait(allow, 11, kNow), 0);
  smooth.add(allow, 10, kNow);
  EXPECT_EQ(smooth.wait(allow, 1, kNow), 2000);
  EXPECT_EQ(smooth.wait(allow, 1, kNow + 1999), 1);
  EXPECT_EQ(smooth.wait(allow, 1, kNow + 2000), 0);
  EXPECT_EQ(smooth.wait(allow, 3, kNow + 2000), 4000);
}

TEST(Gcra, HasBackWhatIsGivenBack) {
  const Allowance allow{.most = 30, .window = std::chrono::minutes(1), .burst = 10};
  Gcra smooth;
  smooth.add(allow, 10, kNow);
  smooth.give_back(allow, 4, smooth.arrival(), kNow);
  EXPECT_EQ(smooth.wait(allow, 4, kNow), 0);
  smooth.give_back(allow, 100, smooth.arrival(), kNow);
  EXPECT_EQ(smooth.wait(allow, 10, kNow), 0);
  EXPECT_GT(smooth.wait(allow, 11, kNow), 0);
}

TEST(Gcra, IsNeverMoreThanAWindowAhead) {
  const Allowance allow{.most = 30, .window = std::chrono::minutes(1), .burst = 10};
  Gcra smooth;
  smooth.add(allow, 1'000'000, kNow);
  EXPECT_EQ(smooth.backlog(kNow), 60'000);
}

TEST(ValueSet, IsWhatAMapIs) {
  std::mt19937_64 dice(3);
  Budget budget(std::size_t{1} << 20);
  ValueSet set;
  std::map<std::uint64_t, Moment> map;
  for (int i = 0; i < 50'000; ++i) {
    const std::uint64_t hash = (dice() % 300 + 1) * 64;  // homes meet
    if (dice() % 2 == 0) {
      ValueSet::Entry* const entry = set.insert(hash, budget);
      ASSERT_NE(entry, nullptr);
      entry->last = map[hash] = i;
    } else if (ValueSet::Entry* const entry = set.find(hash)) {
      ASSERT_EQ(entry->last, map.at(hash));
      set.erase(entry);
      map.erase(hash);
    } else {
      ASSERT_EQ(map.count(hash), 0u);
    }
    ASSERT_EQ(set.size(), map.size());
  }
  const std::size_t odd = set.erase_if([](const ValueSet::Entry& entry) { return entry.last % 2 == 1; });
  EXPECT_EQ(odd, static_cast<std::size_t>(
                     std::count_if(map.begin(), map.end(), [](const auto& one) { return one.second % 2 == 1; })));
  set.clear(budget);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(ValueSet, TakesNoMoreThanItsBudget) {
  Budget budget(400);
  ValueSet set;
  std::size_t taken = 0;
  for (std::uint64_t hash = 1; hash < 100; ++hash) taken += set.insert(hash, budget) != nullptr ? 1u : 0u;
  EXPECT_EQ(taken, set.size());
  EXPECT_LE(budget.used(), 400u);
  EXPECT_GT(taken, 0u);
  set.clear(budget);
}

struct Due : Link {
  std::int64_t at = 0;
};

TEST(Wheel, BringsEachWhenItIsDue) {
  std::mt19937 dice(5);
  Wheel wheel(1000);
  std::vector<Due> all(2000);
  for (Due& due : all) {
    due.at = 1001 + dice() % (dice() % 2 == 0 ? 100 : 400'000);
    wheel.put(due, due.at);
  }
  std::size_t came = 0;
  for (std::int64_t now = 1000; now < 401'100; ++now) {
    wheel.advance(now, 1'000'000, [&](Link& link) {
      const Due& due = static_cast<Due&>(link);
      if (due.at > now) return wheel.put(link, due.at);
      EXPECT_EQ(due.at, now);
      ++came;
    });
  }
  EXPECT_EQ(came, all.size());
  EXPECT_TRUE(wheel.idle(401'099));
}

TEST(Wheel, GoesOnInSmallSteps) {
  Wheel wheel(0);
  std::vector<Due> all(10);
  for (Due& due : all) wheel.put(due, 5);
  std::size_t came = 0;
  int calls = 0;
  for (; !wheel.idle(100); ++calls) wheel.advance(100, 3, [&](Link&) { ++came; });
  EXPECT_EQ(came, 10u);
  EXPECT_EQ(calls, (100 + 10 + 2) / 3);
}

TEST(Wheel, DoesNotHoldWhatHasLeft) {
  Wheel wheel(0);
  Due due;
  wheel.put(due, 5);
  due.leave();
  wheel.advance(100, 1000, [](Link&) { FAIL(); });
}

TEST(CoarserKey, IsTheDomainOrTheNetworkAround) {
  EXPECT_EQ(coarser_key("a@b.example"), "@b.example");
  EXPECT_EQ(coarser_key("\"x@y\"@b.example"), "@b.example");
  EXPECT_EQ(coarser_key("@b.example"), "");
  EXPECT_EQ(coarser_key("192.0.2.7"), "192.0.0.0/16");
  EXPECT_EQ(coarser_key("192.0.2.0/24"), "192.0.0.0/16");
  EXPECT_EQ(coarser_key("2001:db8:1:2::/64"), "2001:db8::/32");
  EXPECT_EQ(coarser_key("alice"), "");
}

TEST(Name, OfALongKeyIsCutAndToldByAHash) {
  const NameHash hash;
  std::string one(600, 'a'), other = one;
  other.back() = 'b';
  const std::string short_one(kMostKeyBytes, 'a');
  EXPECT_EQ(Name("l", one, hash).key().size(), kMostKeyBytes);
  EXPECT_NE(Name("l", one, hash).key(), Name("l", other, hash).key());
  EXPECT_EQ(Name("l", short_one, hash).key(), short_one);
  EXPECT_NE(Name("l", "k", hash).hash(), Name("lk", "", hash).hash());
}

}  // namespace
}  // namespace postern::limits
