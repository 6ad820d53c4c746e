// What is urgent does not wait for what is not, and what the store does not take is written again.

#include <atomic>
#include <string>
#include <thread>

#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

/// A store that is slow, or takes nothing, or loses what it took.
class PoorStore final : public store::Store {
 public:
  explicit PoorStore(Clock& clock) : inner_(clock) {}

  std::atomic<int> puts{0}, urgent_at{-1};
  std::atomic<bool> slow{false}, refuses{false}, loses{false}, hangs{false};

  std::optional<store::Entry> get(store::Space space, std::string_view key) override { return inner_.get(space, key); }
  store::Ticket put(store::Space space, std::string_view key, std::string_view value, WallTime expires) override {
    if (refuses) return store::kRefused;
    if (slow) std::this_thread::sleep_for(1ms);
    ++puts;
    while (hangs) std::this_thread::sleep_for(1ms);
    if (urgent_at < 0 && key.ends_with("thief")) urgent_at = puts.load();
    return loses ? 0 : inner_.put(space, key, value, expires);
  }
  store::Ticket erase(store::Space space, std::string_view key) override { return inner_.erase(space, key); }
  std::int64_t add(store::Space space, std::string_view key, std::int64_t n, WallTime expires) override {
    return inner_.add(space, key, n, expires);
  }
  std::vector<Listed> list(store::Space space, std::string_view prefix, std::size_t most) override {
    return inner_.list(space, prefix, most);
  }
  store::Ticket last() const override { return 0; }
  bool wait(store::Ticket, const Deadline&) override { return !loses; }
  store::Health health() const override { return {}; }

 private:
  test::FakeStore inner_;
};

struct SaverWorld {
  SaverWorld() { open(); }
  void open() {
    ledger.reset();
    ledger = std::make_unique<MemoryLedger>(options, clock, counters, &store);
  }
  void charge(std::string_view key, std::int64_t most) {
    const Allowance allow{.most = most, .window = 1h};
    const Demand demand{.limit = "limit", .key = key, .allow = {&allow, 1}};
    ledger->charge({&demand, 1});
  }
  std::int64_t used(std::string_view key) {
    const auto shown = ledger->show(key, no_hurry());
    return shown.empty() ? 0 : shown[0].windows[0].used;
  }

  test::FakeClock clock;
  Counters counters;
  PoorStore store{clock};
  MemoryLedger::Options options{.save_every = 1h, .boot = "one"};
  std::unique_ptr<MemoryLedger> ledger;
};

/// A message that freezes an account is not held up by a disk, and what begins anew meanwhile is not lost.
TEST(Saver, ForgettingDoesNotWaitForAWriting) {
  SaverWorld w;
  for (int i = 0; i < 10; ++i) w.charge("key", 100);
  w.ledger->save(no_hurry());
  for (int i = 0; i < 3; ++i) w.charge("key", 100);
  w.store.hangs = true;
  const int before = w.store.puts;
  std::thread pass([&] { w.ledger->save(no_hurry()); });
  while (w.store.puts == before) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(w.ledger->reset("limit", "key", no_hurry()), 1u);  // it would wait for ever
  w.charge("key", 100);
  w.store.hangs = false;
  pass.join();
  w.open();
  EXPECT_EQ(w.used("key"), 1);
}

TEST(Saver, WritesWhatIsUrgentInTheMidstOfOthers) {
  SaverWorld w;
  for (int i = 0; i < 3000; ++i) w.charge("key" + std::to_string(i), 1'000'000);
  w.store.slow = true;
  std::thread pass([&] { w.ledger->save(no_hurry()); });
  while (w.store.puts < 200) std::this_thread::sleep_for(1ms);
  const int before = w.store.puts;
  w.charge("thief", 10);
  pass.join();
  EXPECT_GE(w.store.urgent_at, before);
  EXPECT_LT(w.store.urgent_at, before + 200);
  w.store.slow = false;
}

TEST(Saver, WritesAgainWhatTheStoreRefused) {
  SaverWorld w;
  w.store.refuses = true;
  w.charge("a", 10);
  w.ledger->save(no_hurry());
  w.store.refuses = false;
  w.ledger->save(no_hurry());
  w.open();
  EXPECT_EQ(w.used("a"), 1);
  EXPECT_GT(w.counters.get("limits.save_failed").value(), 0);
}

TEST(Saver, WritesAgainWhatTheStoreLost) {
  SaverWorld w;
  w.store.loses = true;
  for (int i = 0; i < 100; ++i) w.charge("key" + std::to_string(i), 10);
  EXPECT_FALSE(w.ledger->save(no_hurry()));
  w.store.loses = false;
  EXPECT_TRUE(w.ledger->save(no_hurry()));
  w.open();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(w.used("key" + std::to_string(i)), 1) << i;
}

}  // namespace
}  // namespace postern::limits
