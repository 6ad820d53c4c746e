// RedisLedgers of several machines, and what one does at once.
#include <array>
#include <atomic>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/limits/redis_world.h"

namespace postern::limits {
namespace {

class RedisTogether : public OneRedis {};

/// Scripts do the simple cases apart. A burst that never bounds is none of them, and makes no difference.
TEST_F(RedisTogether, TheSimpleCasesAreCountedLikeAllOthers) {
  const std::vector<Allowance> simple{{40, 1s}, {90, 3s}};
  const std::vector<Allowance> other{{40, 1s, 1'000'000'000}, {90, 3s, 1'000'000'000}};
  std::vector<std::vector<Hold>> open;
  std::uint64_t dice = 4711;
  int refused = 0;
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < until) {
    dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::int64_t amount = static_cast<std::int64_t>((dice >> 33) % 4);
    const std::array<Demand, 2> demands{Demand{.limit = "a", .key = "sam", .allow = simple, .amount = amount},
                                        Demand{.limit = "b", .key = "sam", .allow = other, .amount = amount}};
    std::array<Answer, 2> answers;
    std::vector<Hold> holds;
    node->ledger.reserve(demands, answers, holds, soon());
    ASSERT_EQ(answers[0].kind, answers[1].kind);
    ASSERT_EQ(answers[0].used, answers[1].used);
    ASSERT_EQ(answers[0].next, answers[1].next);
    ASSERT_EQ(answers[0].tightest, answers[1].tightest);
    if (!holds.empty()) open.push_back(std::move(holds));
    if (holds.empty() && answers[0].kind == Answer::Kind::over) ++refused;
    while (open.size() > (dice >> 50) % 12) {
      const std::size_t at = (dice >> 40) % open.size();
      if ((dice >> 45) % 3 == 0)
        node->ledger.release(open[at]);
      else
        node->ledger.commit(open[at]);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds((dice >> 55) % 20));
  }
  EXPECT_GT(refused, 0);
  for (const auto& holds : open) node->ledger.commit(holds);
  const auto accounts = node->ledger.show("sam", soon());
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].windows[1].used, accounts[1].windows[1].used);
  EXPECT_EQ(accounts[0].reserved, 0);
  EXPECT_EQ(accounts[1].reserved, 0);
}

/// Machines that count together, each with threads of its own: they reserve, and commit or abort as the dice fall.
TEST_F(RedisTogether, ManyMachinesNeverExceedAndNothingLeaks) {
  const char* tries_wanted = std::getenv("POSTERN_LONG");
  const int tries = tries_wanted != nullptr ? 1'000'000 : 60'000;
  constexpr int kNodes = 3;
  constexpr int kThreads = 64;
  constexpr std::int64_t kMost = 500;
  allow = {{kMost, 24h}, {2 * kMost, 48h}};
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < kNodes; ++i) nodes.push_back(std::make_unique<Node>(options_of(*server)));
  for (const auto& one : nodes) ASSERT_TRUE(one->ready());
  std::array<std::atomic<std::int64_t>, 8> committed{};
  std::atomic<std::int64_t> unavailable{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Ledger& ledger = nodes[static_cast<std::size_t>(t % kNodes)]->ledger;
      std::uint64_t dice = static_cast<std::uint64_t>(t) * 7919 + 1;
      for (int i = 0; i < tries / kThreads; ++i) {
        dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
        const std::size_t k = (dice >> 33) % committed.size();
        const std::string key = "key" + std::to_string(k);
        const Demand demand = messages(1 + static_cast<std::int64_t>((dice >> 40) % 3), key);
        std::vector<Answer> answers(1);
        std::vector<Hold> holds;
        ledger.reserve({&demand, 1}, answers, holds, soon());
        if (answers[0].kind == Answer::Kind::unavailable || answers[0].local) ++unavailable;
        if (holds.empty()) continue;
        if ((dice >> 50) % 2 == 0) {
          ledger.release(holds);
        } else {
          ledger.commit(holds);
          committed[k] += demand.amount;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : nodes) one->settle();
  EXPECT_EQ(unavailable, 0);
  for (std::size_t k = 0; k < committed.size(); ++k) {
    EXPECT_LE(committed[k], kMost);
    const auto accounts = node->ledger.show("key" + std::to_string(k), soon());
    ASSERT_EQ(accounts.size(), 1U);
    EXPECT_EQ(accounts[0].reserved, 0);
    EXPECT_EQ(accounts[0].windows[0].used, committed[k]);
    EXPECT_GE(committed[k], kMost - 2);
  }
}

TEST_F(RedisTogether, ValuesOfManyMachinesAreNeverTooManyAndNoneLeaks) {
  allow = {{20, 24h}};
  Node other(options_of(*server));
  ASSERT_TRUE(other.ready());
  Guarded<std::set<std::string>> distinct;
  Guarded<std::set<std::string>> first;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      Ledger& ledger = (t % 2 == 0 ? *node : other).ledger;
      std::uint64_t dice = static_cast<std::uint64_t>(t) * 7919 + 1;
      for (int i = 0; i < 150; ++i) {
        dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
        const std::string value = "v" + std::to_string((dice >> 33) % 60);
        const std::array<Demand, 2> demands{of_value(Unit::distinct_recipients, value),
                                            of_value(Unit::first_time_recipients, value)};
        const bool is_first = (dice >> 45) % 2 == 0;
        std::vector<Answer> answers(1);
        std::vector<Hold> holds;
        Demand demand = demands[is_first ? 1 : 0];
        if (is_first) demand.limit = "new";
        ledger.reserve({&demand, 1}, answers, holds, soon());
        if (holds.empty()) continue;
        if ((dice >> 50) % 2 == 0) {
          ledger.release(holds);
        } else {
          (is_first ? first : distinct).with([&](auto& all) { all.insert(value); });
          ledger.commit(holds);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  node->settle();
  other.settle();
  const auto accounts = node->ledger.show("sam", soon());
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].limit, "new");
  for (std::size_t i = 0; i < 2; ++i) {
    const auto taken =
        static_cast<std::int64_t>((i == 0 ? first : distinct).with([](auto& all) { return all.size(); }));
    EXPECT_LE(taken, 20);
    EXPECT_GE(taken, 15);
    EXPECT_EQ(accounts[i].windows[0].used, taken);
    EXPECT_EQ(accounts[i].reserved, 0);
  }
}

/// What the one step is there for: who tests first and counts then lets too much pass.
TEST_F(RedisTogether, TestingBeforeCountingWouldExceed) {
  allow = {{100, 24h}};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        const Demand demand = messages();
        std::vector<Answer> answers(1);
        node->ledger.look({&demand, 1}, answers, soon());
        if (answers[0].used[0] >= 100) continue;
        node->ledger.charge({&demand, 1});
        ++taken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace postern::limits
