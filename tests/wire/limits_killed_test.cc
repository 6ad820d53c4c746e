// A daemon that counts is killed again and again under load: what it forgets stays within the bound that
// policy/limits/memory_ledger.h states (FAULTS T67).

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "tests/wire/limits_world.h"

namespace postern::test {
namespace {

constexpr long kMost = 2000;
constexpr long kPart = kMost / 16;  // MemoryLedger::Options::save_part
// On its way to the file: 60 ms on an idle machine (memory_ledger.h), and what a message needs to be told of.
constexpr auto kOnItsWay = 100ms;
constexpr int kSenders = 4;
constexpr const char* kEva = "eva@site.test";

std::string limits() { return "  user: {per: login, count: recipients, allow: " + std::to_string(kMost) + "/24h}\n"; }
constexpr const char* kRule = "  - {name: user-limit, when: limit.user is over, defer: true}\n";

/// When each recipient that was taken was told so.
class Taken {
 public:
  void note(int recipients) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    moments_.insert(moments_.end(), static_cast<std::size_t>(recipients), now);
  }
  long count() const {
    const std::lock_guard lock(mutex_);
    return static_cast<long>(moments_.size());
  }
  long since(std::chrono::steady_clock::time_point when) const {
    const std::lock_guard lock(mutex_);
    return std::count_if(moments_.begin(), moments_.end(), [&](auto moment) { return moment >= when; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::chrono::steady_clock::time_point> moments_;
};

/// Sends one message after the other, each to `recipients`, until `ends`; about 1,000 recipients a second by all senders, so
/// that little of what a life of the daemon takes is still on its way when that ends.
void send_all(const std::string& socket, int recipients, const std::atomic<bool>& ends, Taken& taken) {
  while (!ends) {
    try {
      MilterClient client(socket, 2s);
      client.greet();
      for (std::string told; !ends && told != "closed" && told != "timeout";) {
        told = client.mail("<eva@site.test>", LimitsWorld::logged_in(kEva));
        for (int i = 0; i < recipients && told != "closed"; ++i) told = client.rcpt("<r@far.test>");
        if (told == "continue") {
          client.data();
          client.header("Subject", "hello");
          client.end_of_headers();
          told = client.end_of_message().verdict;
          if (told == "continue" || told == "accept") taken.note(recipients);
          std::this_thread::sleep_for(8ms);
        } else if (told.starts_with("4")) {
          client.abort();
          std::this_thread::sleep_for(2ms);  // the limit is reached: leave the machine to the others
        }
      }
    } catch (const std::runtime_error&) {  // nobody listens yet
      std::this_thread::sleep_for(5ms);
    }
  }
}

struct Total {
  long taken = 0;
  long may_be_lost = 0;  ///< by all kills
};

Total kill_under_load(int times, const std::string& store) {
  LimitsWorld w(limits(), kRule, store);
  std::atomic<bool> ends{false};
  Taken taken;
  std::vector<std::thread> senders;
  const std::string socket = w.daemon().socket_path();
  for (int i = 0; i < kSenders; ++i) senders.emplace_back([&, i] { send_all(socket, i + 1, ends, taken); });
  std::mt19937 dice(std::random_device{}());
  Total total;
  for (int i = 0; i < times; ++i) {
    const long before = taken.count();
    const long enough = 400 + static_cast<long>(dice() % 300);  // far more than may be lost
    comes_true(3s, [&] { return taken.count() >= before + enough; });
    const auto killed = std::chrono::steady_clock::now();
    w.restart(SIGKILL);
    total.may_be_lost += std::min(kPart + taken.since(killed - kOnItsWay), taken.count() - before);
  }
  comes_true(20s, [&] { return taken.count() >= kMost && w.used(kEva) >= kMost; });
  std::this_thread::sleep_for(500ms);
  ends = true;
  for (std::thread& sender : senders) sender.join();
  total.taken = taken.count();
  return total;
}

// What was reserved by messages under way holds no place after a kill: the limit is used up to the last one.
TEST(KilledLimits, AdmitTheLimitAndTheStatedBound) {
  const int times = in_long_runs(20, 5);
  const Total total = kill_under_load(times, "");
  RecordProperty("taken", static_cast<int>(total.taken));
  RecordProperty("bound", static_cast<int>(kMost + total.may_be_lost));
  EXPECT_GE(total.taken, kMost);
  EXPECT_LE(total.taken, kMost + total.may_be_lost);
}

TEST(KilledLimits, WithoutAStoreAdmitItAgainAfterEachKill) {
  const int times = in_long_runs(20, 5);
  const Total total = kill_under_load(times, "store: {}\n");
  RecordProperty("taken", static_cast<int>(total.taken));
  EXPECT_GT(total.taken, kMost + total.may_be_lost);
}

}  // namespace
}  // namespace postern::test
