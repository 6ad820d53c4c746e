#include <map>
#include <random>
#include <string>
#include <vector>

#include "policy/limits/value_tally.h"
#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using Kind = Answer::Kind;

std::string rcpt(int i) { return "rcpt" + std::to_string(i) + "@example.org"; }

TEST(DistinctRecipients, CountEachOnce) {
  LimitsWorld w({{.most = 3, .window = 1h}}, Unit::distinct_recipients);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.send("a", 1, rcpt(i)));
  }
  EXPECT_EQ(w.used("a"), 3);
  EXPECT_FALSE(w.send("a", 1, rcpt(3)));
  EXPECT_TRUE(w.send("a", 1, rcpt(2)));
}

TEST(DistinctRecipients, StayAsLongAsTheyAreWrittenTo) {
  LimitsWorld w({{.most = 2, .window = 1h}}, Unit::distinct_recipients);
  w.send("a", 1, rcpt(0));
  w.send("a", 1, rcpt(1));
  w.clock.advance(40min);
  w.send("a", 1, rcpt(0));
  w.clock.advance(30min);  // 1 has left, 0 has not
  EXPECT_EQ(w.used("a"), 1);
  EXPECT_TRUE(w.send("a", 1, rcpt(2)));
  EXPECT_FALSE(w.send("a", 1, rcpt(1)));
}

TEST(DistinctRecipients, CostNothingWhereAnotherReservationHasThem) {
  LimitsWorld w({{.most = 1, .window = 1h}}, Unit::distinct_recipients);
  w.reserve("a", 1, rcpt(0));
  EXPECT_NE(w.reserve("a", 1, rcpt(0)).kind, Kind::over);
  EXPECT_EQ(w.reserve("a", 1, rcpt(1)).kind, Kind::over);
  ASSERT_EQ(w.holds.size(), 2u);
  w.release();
  EXPECT_EQ(w.used("a"), 1);
  w.release();
  EXPECT_EQ(w.used("a"), 0);
  EXPECT_TRUE(w.send("a", 1, rcpt(1)));
}

TEST(DistinctRecipients, AreNotLeftWhileAReservationHasThem) {
  LimitsWorld w({{.most = 2, .window = 1min}, {.most = 2, .window = 24h}}, Unit::distinct_recipients);
  w.send("a", 1, rcpt(0));
  w.reserve("a", 1, rcpt(0));  // costs nothing
  EXPECT_EQ(w.used("a", 0), 1);
  EXPECT_EQ(w.used("a", 1), 1);
  w.clock.advance(5min);  // it has left the short window, the reservation has not
  EXPECT_EQ(w.used("a", 0), 1);
  w.commit();
  EXPECT_EQ(w.used("a", 0), 1);
  EXPECT_EQ(w.used("a", 1), 1);
}

TEST(DistinctRecipients, StandOnceWhateverTheOrderOfTwoReservations) {
  LimitsWorld w({{.most = 5, .window = 1min}}, Unit::distinct_recipients);
  w.reserve("a", 1, rcpt(0));
  w.reserve("a", 1, rcpt(0));
  w.commit();
  EXPECT_EQ(w.used("a"), 1);
  w.clock.advance(5min);
  EXPECT_EQ(w.used("a"), 1);  // the other is still open
  w.commit();
  EXPECT_EQ(w.used("a"), 1);
  w.clock.advance(62s);
  EXPECT_EQ(w.used("a"), 0);
}

TEST(DistinctRecipients, OfAForgottenReservationCountNoMore) {
  LimitsWorld w({{.most = 2, .window = 24h * 31}}, Unit::distinct_recipients);
  w.send("a", 1, rcpt(0));
  w.reserve("a", 1, rcpt(0));
  w.reserve("a", 1, rcpt(1));
  EXPECT_EQ(w.used("a"), 2);
  w.clock.advance(24h * 7 + 2h);
  EXPECT_EQ(w.used("a"), 1);
  w.release();
  w.release();
  EXPECT_EQ(w.used("a"), 1);
  EXPECT_TRUE(w.send("a", 1, rcpt(2)));
  EXPECT_FALSE(w.send("a", 1, rcpt(3)));
}

TEST(DistinctRecipients, AreOverWhereNoMoreCanBeKept) {
  LimitsWorld w({{.most = 1'000'000, .window = 1h}}, Unit::distinct_recipients);
  for (int i = 0; i < kMostValues; ++i) ASSERT_TRUE(w.send("a", 1, rcpt(i)));
  const Answer full = w.reserve("a", 1, "one more");
  EXPECT_EQ(full.kind, Kind::over);
  EXPECT_GT(full.next, 0ms);
  EXPECT_GT(w.counted("limits.values_full"), 0);
  EXPECT_TRUE(w.send("a", 1, rcpt(7)));
  w.clock.advance(62min);
  EXPECT_TRUE(w.send("a", 1, "one more"));
}

/// An account with three values, where there is no memory for anything else.
struct ScarceAccount {
  explicit ScarceAccount(Unit unit = Unit::distinct_recipients)
      : demand{.limit = "limit", .key = "a", .unit = unit, .allow = {&allow, 1}},
        account(Account::make("limit", "a", unit, 1, budget)) {
    account->add_window(1h);
    for (std::uint64_t value = 1; value <= 3; ++value) commit(value, {});
    for (; budget.has(1); ++taken) budget.take(1);
  }
  void there_is_memory_again() {
    for (; taken > 0; --taken) budget.give_back(1);
  }
  ~ScarceAccount() { Account::destroy(account, budget); }
  ScarceAccount(const ScarceAccount&) = delete;
  ScarceAccount& operator=(const ScarceAccount&) = delete;

  Request request(std::uint64_t value) {
    account->expire(now, budget);
    return {demand, value, now, budget, full};
  }
  Held take(std::uint64_t value) {
    const Taken how = values::take(*account, request(value));
    return {.any = true,
            .open = how != Taken::nothing,
            .placed = how != Taken::unplaced,
            .lease = static_cast<std::uint32_t>(kLease.slot_at(now))};
  }
  void commit(std::uint64_t value, const Held& held) { values::commit(*account, request(value), held); }
  void release(std::uint64_t value, const Held& held) { values::release(*account, request(value), held); }
  std::int64_t used() {
    account->expire(now, budget);
    return account->used(account->windows()[0]);
  }

  Budget budget{std::size_t{1} << 14};
  Counters counters;
  Counter& full = counters.get("full");
  Allowance allow{.most = 100, .window = 1h};
  Demand demand;
  std::size_t taken = 0;
  Moment now = kBeforeSteady;
  Account* account;
};

TEST(DistinctRecipients, AreNeverFewerThanThereAreWithoutMemory) {
  ScarceAccount a;
  std::mt19937 dice(17);
  struct Known {
    Moment last = kBeforeSteady;
    std::vector<Held> open;
  };
  std::map<std::uint64_t, Known> all{{1, {}}, {2, {}}, {3, {}}};
  for (int i = 0; i < 20'000; ++i) {
    a.now += static_cast<Moment>(dice() % 240'000);
    const std::uint64_t value = 1 + dice() % 3;
    Known& known = all[value];
    if (known.open.empty() || dice() % 4 == 0) {
      known.open.push_back(a.take(value));
    } else {
      const Held held = known.open.back();
      known.open.pop_back();
      if (dice() % 8 != 0) {
        a.release(value, held);
      } else {
        a.commit(value, held);
        known.last = a.now;
      }
    }
    std::int64_t there = 0;
    for (const auto& [v, k] : all) there += !k.open.empty() || k.last > a.now - 3'600'000 ? 1 : 0;
    ASSERT_GE(a.used(), there) << i;
  }
  for (auto& [value, known] : all) {
    for (const Held& held : known.open) a.release(value, held);
  }
  a.now += 7'200'000;
  EXPECT_EQ(a.used(), 0);
}

TEST(DistinctRecipients, AreSavedWhereTheyStandWhileTheyAreReservedAgain) {
  LimitsWorld w({{.most = 5, .window = 1h}}, Unit::distinct_recipients);
  w.send("a", 1, rcpt(0));
  w.send("a", 1, rcpt(1));
  w.reserve("a", 1, rcpt(0));
  w.reserve("a", 1, rcpt(2));
  w.charge("a", 1, rcpt(1));
  EXPECT_EQ(w.used("a"), 3);
  w.open();
  EXPECT_EQ(w.used("a"), 2);
}

/// What was reserved while there was no memory for its name is given back, whoever else comes by that name meanwhile.
TEST(FirstTimeRecipients, GiveBackWhatHadNoPlace) {
  for (const bool commits : {true, false}) {
    ScarceAccount a(Unit::first_time_recipients);
    std::vector<Held> held;
    std::uint64_t value = 100;
    for (; held.empty() || held.back().placed; ++value) {
      ASSERT_LT(value, 5000u) << "there is a place for everything";
      held.push_back(a.take(value));
    }
    const std::uint64_t without = value - 1;
    EXPECT_EQ(a.account->open.sum(), static_cast<std::int64_t>(held.size()));
    a.there_is_memory_again();
    a.commit(without, {});  // by another message
    if (commits)
      a.commit(without, held.back());
    else
      a.release(without, held.back());
    EXPECT_EQ(a.account->open.sum(), static_cast<std::int64_t>(held.size()) - 1);
    for (std::uint64_t v = 100; v < without; ++v) a.release(v, held[v - 100]);
    EXPECT_EQ(a.account->open.sum(), 0);
  }
}

TEST(FirstTimeRecipients, CountStrangersAlone) {
  LimitsWorld w({{.most = 2, .window = 1h}}, Unit::first_time_recipients);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  EXPECT_TRUE(w.send("a", 1, rcpt(1)));
  EXPECT_FALSE(w.send("a", 1, rcpt(2)));
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  w.clock.advance(62min);
  EXPECT_EQ(w.used("a"), 0);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  EXPECT_EQ(w.used("a"), 0);  // known for two months
  w.clock.advance(kAcquaintance - 1h);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  EXPECT_EQ(w.used("a"), 0);
  w.clock.advance(kAcquaintance + 1h);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  EXPECT_EQ(w.used("a"), 1);
}

TEST(FirstTimeRecipients, AreNoStrangersToASecondReservation) {
  LimitsWorld w({{.most = 1, .window = 1h}}, Unit::first_time_recipients);
  w.reserve("a", 1, rcpt(0));
  EXPECT_NE(w.reserve("a", 1, rcpt(0)).kind, Kind::over);
  w.commit();
  EXPECT_EQ(w.used("a"), 1);
  w.release();
  EXPECT_EQ(w.used("a"), 1);
  EXPECT_EQ(w.reserve("a", 1, rcpt(1)).kind, Kind::over);
}

TEST(FirstTimeRecipients, AreStrangersAgainWhereTheyWereGivenBack) {
  LimitsWorld w({{.most = 2, .window = 1h}}, Unit::first_time_recipients);
  w.reserve("a", 1, rcpt(0));
  w.release();
  EXPECT_EQ(w.used("a"), 0);
  EXPECT_EQ(w.reserve("a", 1, rcpt(0)).used[0], 1);
}

TEST(FirstTimeRecipients, TheOldestGoWhereNoMoreCanBeKept) {
  LimitsWorld w({{.most = 1'000'000, .window = 1h}}, Unit::first_time_recipients);
  for (int i = 0; i < kMostValues; ++i) {
    ASSERT_TRUE(w.send("a", 1, rcpt(i)));
    w.clock.advance(1ms);
  }
  EXPECT_TRUE(w.send("a", 1, "one more"));
  const std::int64_t used = w.used("a");
  EXPECT_TRUE(w.send("a", 1, rcpt(kMostValues - 1)));
  EXPECT_EQ(w.used("a"), used);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
  EXPECT_EQ(w.used("a"), used + 1);
}

TEST(FirstTimeRecipients, AreKnownFromAChargeOn) {
  LimitsWorld w({{.most = 1, .window = 1h}}, Unit::first_time_recipients);
  w.charge("a", 1, rcpt(0));
  w.charge("a", 1, rcpt(1));
  EXPECT_EQ(w.used("a"), 2);
  EXPECT_TRUE(w.send("a", 1, rcpt(0)));
}

}  // namespace
}  // namespace postern::limits
