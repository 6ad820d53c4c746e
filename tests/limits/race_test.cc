// 64 threads, random aborts, and what is allowed changes in between (FAULTS T58).

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "policy/limits/memory_ledger.h"
#include "tests/limits/limits_world.h"
#include "tests/support/sanitizers.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

#if defined(POSTERN_SANITIZES_THREAD) || defined(POSTERN_SANITIZES_ADDRESS)
constexpr int kTries = 200'000;
#else
constexpr int kTries = 1'000'000;
#endif
constexpr int kThreads = 64;
constexpr std::size_t kKeys = 4;
constexpr std::int64_t kMost = 2000;
constexpr auto kWindow = 1s;

struct Committed {
  SteadyTime before, after;  ///< it was committed between
  std::int64_t n;
};

/// The most that was surely committed within the window: from the earliest that one can have been to the latest of
/// another.
std::int64_t most_within(std::vector<Committed> all, std::chrono::seconds window) {
  std::sort(all.begin(), all.end(), [](const Committed& a, const Committed& b) { return a.after < b.after; });
  std::int64_t most = 0, sum = 0;
  std::size_t first = 0;
  for (const Committed& one : all) {
    sum += one.n;
    while (one.after - all[first].before > window) sum -= all[first++].n;
    most = std::max(most, sum);
  }
  return most;
}

struct Outcome {
  std::int64_t most = 0;  ///< that was committed in a window, under one key
  std::int64_t committed = 0;
  std::int64_t leaked = 0;  ///< reserved after all is over
};

/// Lets everybody try; `tries` of all together.
Outcome run(Ledger& ledger, int tries) {
  constexpr std::array<std::string_view, kKeys> kNames{"a", "b", "c", "d"};
  std::array<std::mutex, kKeys> mutexes;
  std::array<std::vector<Committed>, kKeys> committed;
  std::atomic<int> left{tries};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 dice(static_cast<unsigned>(t));
      std::vector<Hold> holds;
      while (--left >= 0) {
        // A reload in between: less is allowed, or another window beside it.
        std::vector<Allowance> allow{{.most = kMost - static_cast<std::int64_t>(dice() % 2) * 500, .window = kWindow}};
        if (dice() % 4 == 0) allow.push_back({.most = kMost * 1000, .window = 1h});
        std::array<Demand, 2> demands;
        for (Demand& demand : demands)
          demand = {.limit = "limit",
                    .key = kNames[dice() % kKeys],
                    .allow = allow,
                    .amount = static_cast<std::int64_t>(1 + dice() % 3)};
        std::array<Answer, 2> answers;
        holds.clear();
        ledger.reserve(demands, answers, holds, Deadline(SteadyTime::max()));
        if (holds.empty()) {
          if (dice() % 4 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
          continue;
        }
        if (dice() % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(dice() % 500));
        if (dice() % 3 == 0) {
          ledger.release(holds);
          continue;
        }
        for (const Hold& hold : holds) {
          const SteadyTime before = std::chrono::steady_clock::now();
          ledger.commit({&hold, 1});
          const SteadyTime after = std::chrono::steady_clock::now();
          const std::size_t key = hold.key[0] - 'a';
          const std::lock_guard lock(mutexes[key]);
          committed[key].push_back({before, after, hold.amount});
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Outcome outcome;
  for (std::size_t key = 0; key < kKeys; ++key) {
    for (const Committed& one : committed[key]) outcome.committed += one.n;
    outcome.most = std::max(outcome.most, most_within(committed[key], kWindow));
    for (const auto& account : ledger.show(kNames[key], no_hurry())) outcome.leaked += account.reserved;
  }
  return outcome;
}

/// Looks, and counts where there was room.
class CarelessLedger final : public Ledger {
 public:
  explicit CarelessLedger(MemoryLedger& ledger) : ledger_(ledger) {}
  void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
               const Deadline& deadline) override {
    ledger_.look(demands, answers, deadline);
    for (std::size_t i = 0; i < demands.size(); ++i) {
      if (answers[i].kind == Answer::Kind::over) continue;
      const Demand& d = demands[i];
      Hold hold;
      hold.limit = d.limit, hold.key = d.key, hold.allow = d.allow, hold.amount = d.amount;
      holds.push_back(hold);
    }
  }
  void commit(std::span<const Hold> holds) override { ledger_.commit(holds); }
  void release(std::span<const Hold>) override {}
  void look(std::span<const Demand>, std::span<Answer>, const Deadline&) override {}
  void charge(std::span<const Demand>) override {}
  void note_refused(std::string_view, std::string_view) override {}
  std::vector<Account> show(std::string_view key, const Deadline& d) override { return ledger_.show(key, d); }
  std::vector<Account> top(std::string_view, std::size_t, const Deadline&) override { return {}; }
  std::size_t reset(std::string_view, std::string_view, const Deadline&) override { return 0; }

 private:
  MemoryLedger& ledger_;
};

TEST(Races, NeverAdmitMoreThanIsAllowedAndLeakNothing) {
  const SystemClock clock;
  Counters counters;
  MemoryLedger ledger({}, clock, counters, nullptr);
  const Outcome outcome = run(ledger, kTries);
  EXPECT_LE(outcome.most, kMost);
  EXPECT_GE(outcome.most, kMost / 2);
  EXPECT_EQ(outcome.leaked, 0);
  EXPECT_GE(outcome.committed, kMost * static_cast<std::int64_t>(kKeys) / 2);
}

TEST(Races, WithACarelessLedgerAdmitMore) {
  const SystemClock clock;
  Counters counters;
  MemoryLedger ledger({}, clock, counters, nullptr);
  CarelessLedger careless(ledger);
  EXPECT_GT(run(careless, kTries / 10).most, kMost);
}

TEST(Races, WhileTheClockIsSetAdmitNoMore) {
  class Stepped final : public Clock {
   public:
    SteadyTime now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override { return std::chrono::system_clock::now() + step.load(); }
    std::atomic<std::chrono::hours> step{0h};
  };
  Stepped clock;
  Counters counters;
  test::FakeStore store;
  MemoryLedger ledger({.save_every = 5ms}, clock, counters, &store);
  std::atomic<bool> done{false};
  std::thread stepper([&] {
    for (int i = 0; !done; ++i) {
      clock.step = std::chrono::hours(i % 3 * 24 - 24);
      std::this_thread::sleep_for(3ms);
    }
  });
  const Outcome outcome = run(ledger, kTries / 10);
  done = true;
  stepper.join();
  EXPECT_LE(outcome.most, kMost);
  EXPECT_EQ(outcome.leaked, 0);
}

}  // namespace
}  // namespace postern::limits
