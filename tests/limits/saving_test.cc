#include <string>

#include "policy/limits/saved_account.h"
#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAll = 1'000'000;

TEST(SavedLimits, AreThereAfterARestart) {
  LimitsWorld w({{.most = 10, .window = 1h}, {.most = 100, .window = 24h, .burst = 20}});
  w.send("a", 7);
  w.clock.advance(30min);
  w.send("a", 2);
  w.ledger->note_refused("limit", "a");
  w.open();
  EXPECT_EQ(w.used("a"), 9);
  EXPECT_EQ(w.used("a", 1), 9);
  w.clock.advance(31min);
  EXPECT_EQ(w.used("a"), 2);
  EXPECT_EQ(w.ledger->show("a", no_hurry())[0].windows[1].allow.burst, 20);
  EXPECT_EQ(w.counted("limits.restored"), 1);
  EXPECT_EQ(w.counted("limits.restore_bad"), 0);
}

TEST(SavedLimits, DoNotHoldWhatIsMerelyReserved) {
  LimitsWorld w;
  w.reserve("a", 5);
  w.send("a", 2);
  EXPECT_TRUE(w.ledger->save(no_hurry()));
  w.open();
  EXPECT_EQ(w.used("a"), 2);
}

TEST(SavedLimits, GoWithTheAccount) {
  LimitsWorld w;
  w.send("a", 5);
  w.ledger->save(no_hurry());
  EXPECT_EQ(w.ledger->reset("limit", "a", no_hurry()), 1u);
  w.open();
  EXPECT_EQ(w.used("a"), 0);
  w.send("b", 5);
  w.ledger->save(no_hurry());
  w.clock.advance(62min);
  w.open();
  EXPECT_EQ(w.counted("limits.accounts"), 0);
}

TEST(SavedLimits, OfTheSameStartOfTheMachineDoNotMindTheWallClock) {
  for (const auto step : {24h, -24h}) {
    LimitsWorld w;
    w.send("a", 10);
    w.ledger.reset();
    w.clock.advance(10min);
    w.clock.step_wall(step);
    if (step > 0h) continue;  // local: the store itself may count by it; what it gives is read
    w.open();
    EXPECT_EQ(w.used("a"), 10);
    w.clock.advance(51min);
    EXPECT_EQ(w.used("a"), 0);
  }
}

TEST(SavedLimits, OfAnotherStartAreAsOldAsTheWallClockSays) {
  LimitsWorld w;
  w.send("a", 10);
  w.ledger.reset();
  w.clock.step_wall(30min);  // the steady clock begins anew
  w.options.boot = "two";
  w.open();
  EXPECT_EQ(w.used("a"), 10);
  w.clock.advance(29min);
  EXPECT_EQ(w.used("a"), 10);
  w.clock.advance(3min);  // the slots of the other start and ours do not meet
  EXPECT_EQ(w.used("a"), 0);
}

TEST(SavedLimits, OfAnotherStartAreNeverFromTheFuture) {
  LimitsWorld w;
  w.send("a", 10);
  w.ledger.reset();
  w.clock.step_wall(-24h);
  w.options.boot = "two";
  w.open();
  EXPECT_EQ(w.used("a"), 10);
  w.clock.advance(62min);
  EXPECT_EQ(w.used("a"), 0);
}

TEST(SavedLimits, KeepValues) {
  for (const Unit unit : {Unit::distinct_recipients, Unit::first_time_recipients}) {
    LimitsWorld w({{.most = 3, .window = 1h}}, unit);
    w.send("a", 1, "x");
    w.clock.advance(10min);
    w.send("a", 1, "y");
    w.reserve("a", 1, "z");
    w.open();
    EXPECT_EQ(w.used("a"), 2);
    w.send("a", 1, "x");
    EXPECT_EQ(w.used("a"), 2);
    w.clock.advance(52min);
    EXPECT_EQ(w.used("a"), unit == Unit::distinct_recipients ? 2 : 1);
  }
}

TEST(SavedLimits, KeepTheCountOfValuesThatFindNoPlace) {
  LimitsWorld w({{.most = 10'000, .window = 1h}}, Unit::distinct_recipients);
  for (int i = 0; i < kMostValues; ++i) w.send("a", 1, std::to_string(i));
  w.open();
  EXPECT_EQ(w.used("a"), kMostValues);
  EXPECT_EQ(w.counted("limits.save_failed"), 0);
}

TEST(SavedLimits, ThatAreBrokenAreLeftOut) {
  LimitsWorld w;
  for (int i = 0; i < 200; ++i) w.send("key" + std::to_string(i), 5);
  w.ledger.reset();
  int broken = 0;
  for (const auto& [key, entry] : w.store.list(store::Space::limit, "", kAll)) {
    std::string value = entry.value;
    const auto n = static_cast<std::size_t>(broken);
    if (value.size() < 20) continue;  // the key of the values
    if (broken % 3 == 0)
      value[n % value.size()] ^= static_cast<char>(1 << broken % 8);
    else if (broken % 3 == 1)
      value.resize(n % value.size());
    else
      value = value + "x";
    w.store.put(store::Space::limit, key, value, entry.expires);
    ++broken;
  }
  w.store.put(store::Space::limit, "", "no account's", w.clock.wall() + 1h);
  w.store.put(store::Space::limit, "abc", "no account's", w.clock.wall() + 1h);
  w.open();
  EXPECT_EQ(broken, 200);
  EXPECT_EQ(w.counted("limits.accounts"), 0);
  EXPECT_EQ(w.counted("limits.restore_bad"), 201);  // one has no byte to be found by
}

TEST(SavedLimits, OfAnotherKeyAreNotTaken) {
  LimitsWorld w;
  w.send("a", 5);
  w.ledger.reset();
  for (const auto& [key, entry] : w.store.list(store::Space::limit, "", kAll)) {
    if (const auto name = limits::saved::name_of(key))
      w.store.put(store::Space::limit, limits::saved::key_of("limit", "b", false), entry.value, entry.expires);
  }
  w.open();
  EXPECT_EQ(w.used("b"), 0);
  EXPECT_EQ(w.used("a"), 5);
}

TEST(SavedLimits, AreWrittenAtOnceWhereMuchIsUsed) {
  LimitsWorld w({{.most = 160, .window = 1h}});
  w.options.save_every = 1h;
  w.open();
  const auto is_saved = [&] { return w.store.list(store::Space::limit, "", kAll).size() > 1; };
  w.send("a", 9);
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(is_saved());
  w.send("a", 1);
  for (int i = 0; i < 200 && !is_saved(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(is_saved());
}

}  // namespace
}  // namespace postern::limits
