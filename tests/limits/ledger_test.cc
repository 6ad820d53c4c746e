#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using Kind = Answer::Kind;

TEST(MemoryLedger, TakesWhatFitsAndNoMore) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  EXPECT_EQ(w.send_many("a", 15), 10);
  EXPECT_EQ(w.send_many("b", 15), 10);
  EXPECT_EQ(w.look("a").kind, Kind::over);
  EXPECT_EQ(w.used("a"), 10);
}

TEST(MemoryLedger, LetsItGoASlotAfterTheWindowAtMost) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send_many("a", 10);
  w.clock.advance(1h);
  EXPECT_FALSE(w.send("a"));
  w.clock.advance(1min);
  EXPECT_EQ(w.send_many("a", 15), 10);
}

TEST(MemoryLedger, TellsWhenItWouldFit) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send("a", 6);
  w.clock.advance(10min);
  w.send("a", 4);
  const Answer one = w.look("a", 1);
  EXPECT_LE(one.next, 51min);
  EXPECT_GT(one.next, 49min);
  const Answer eight = w.look("a", 8);
  EXPECT_GT(eight.next, 59min);
  EXPECT_LE(eight.next, 61min);
  w.clock.advance(std::chrono::duration_cast<std::chrono::milliseconds>(one.next) - 1ms);
  EXPECT_EQ(w.look("a", 1).kind, Kind::over);
  w.clock.advance(1ms);
  EXPECT_NE(w.look("a", 1).kind, Kind::over);
}

TEST(MemoryLedger, TellsASlotWhereReservationsAloneAreInTheWay) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send("a", 6);
  w.reserve("a", 4);
  EXPECT_EQ(w.look("a", 4).kind, Kind::over);
  EXPECT_EQ(w.look("a", 4).next, slot_of(1h));
  EXPECT_GT(w.look("a", 5).next, 59min);  // that must leave in any case
  w.release();
  EXPECT_NE(w.look("a", 4).kind, Kind::over);
}

/// Who reserved may give back: nobody waits longer, and perhaps is refused for good, for that alone.
TEST(MemoryLedger, WhatOthersHaveOnlyReservedMakesNobodyWaitLonger) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send("a", 1);
  w.clock.advance(30min);
  w.send("a", 8);
  w.reserve("a", 1);
  EXPECT_EQ(w.look("a", 2).kind, Kind::over);
  EXPECT_LE(w.look("a", 2).next, 31min);
  EXPECT_GT(w.look("a", 3).next, 59min);
}

TEST(MemoryLedger, NeverTakesMoreThanIsAllowedAtAll) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  EXPECT_EQ(w.look("a", 11).next, Answer::kNever);
  EXPECT_EQ(w.look("a", 10).kind, Kind::near);
  w.allow[0].most = 0;
  EXPECT_EQ(w.look("a", 1).next, Answer::kNever);
  EXPECT_EQ(w.look("a", 0).kind, Kind::over);
  EXPECT_EQ(w.look("a", 0).next, Answer::kNever);
}

TEST(MemoryLedger, IsNearFromItsPercentOn) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  EXPECT_EQ(w.reserve("a", 7).kind, Kind::ok);
  const Answer eighth = w.reserve("a", 1);
  EXPECT_EQ(eighth.kind, Kind::near);
  EXPECT_EQ(eighth.used[0], 8);
  EXPECT_EQ(eighth.allow[0], 10);
}

TEST(MemoryLedger, WantsRoomInEachWindow) {
  LimitsWorld w({{.most = 3, .window = 1min}, {.most = 5, .window = 1h}});
  EXPECT_EQ(w.send_many("a", 9), 3);
  EXPECT_EQ(w.look("a").tightest, 0u);
  w.clock.advance(2min);
  EXPECT_EQ(w.send_many("a", 9), 2);
  EXPECT_EQ(w.look("a").tightest, 1u);
  EXPECT_EQ(w.used("a", 0), 2);
  EXPECT_EQ(w.used("a", 1), 5);
}

TEST(MemoryLedger, CountsAReservationUntilItIsGivenBack) {
  LimitsWorld w({{.most = 10, .window = 1min}});
  w.reserve("a", 10);
  EXPECT_EQ(w.look("a").kind, Kind::over);
  EXPECT_EQ(w.look("a").next, slot_of(1min));
  w.clock.advance(30min);  // as long as it is open, however long the window
  EXPECT_EQ(w.look("a").kind, Kind::over);
  w.release();
  EXPECT_EQ(w.used("a"), 0);
  EXPECT_EQ(w.send_many("a", 15), 10);
}

TEST(MemoryLedger, CountsACommitFromWhenItWasCommitted) {
  LimitsWorld w({{.most = 10, .window = 1min}});
  w.reserve("a", 10);
  w.clock.advance(30min);
  w.commit();
  w.clock.advance(59s);
  EXPECT_EQ(w.used("a"), 10);
  w.clock.advance(2s);
  EXPECT_EQ(w.used("a"), 0);
}

TEST(MemoryLedger, ForgetsAReservationThatNobodyComesBackTo) {
  LimitsWorld w({{.most = 10, .window = 1min}});
  w.reserve("a", 10);
  w.clock.advance(24h * 7 - 1h);
  EXPECT_EQ(w.used("a"), 10);
  w.clock.advance(3h);
  EXPECT_EQ(w.used("a"), 0);
  w.commit();  // it was sent after all
  EXPECT_EQ(w.used("a"), 10);
}

TEST(MemoryLedger, KeepsTheReservationsOfClientsThatAreSlowOnPurpose) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  int sessions = 0;
  for (int hour = 0; hour < 83; ++hour) {  // each drips its message for days
    sessions += w.reserve("thief", 10).kind == Kind::over ? 0 : 1;
    w.clock.advance(1h);
  }
  EXPECT_EQ(sessions, 1);
  for (; !w.holds.empty(); w.commit()) {
  }
  EXPECT_EQ(w.used("thief"), 10);
}

TEST(MemoryLedger, GivesBackNothingOfAForgottenReservation) {
  LimitsWorld w({{.most = 10, .window = 1min}});
  w.reserve("a", 5);
  w.clock.advance(24h * 7 + 2h);
  w.reserve("a", 3);
  std::swap(w.holds[0], w.holds[1]);
  w.release();
  EXPECT_EQ(w.used("a"), 3);
}

TEST(MemoryLedger, TestsSeveralDemandsInOneStep) {
  LimitsWorld w({{.most = 2, .window = 1h}});
  const std::vector<Demand> demands{w.demand("a"), w.demand("b"), w.demand("a"), w.demand("a"), w.demand("c")};
  std::vector<Answer> answers(demands.size());
  w.ledger->reserve(demands, answers, w.holds, no_hurry());
  EXPECT_EQ(answers[2].used[0], 2);
  EXPECT_EQ(answers[3].kind, Kind::over);
  ASSERT_EQ(w.holds.size(), 4u);
  EXPECT_EQ(w.holds[3].demand, 4u);
  w.ledger->release(w.holds);
  EXPECT_EQ(w.used("a") + w.used("b") + w.used("c"), 0);
}

TEST(MemoryLedger, KeepsTheHistoryWhenMoreIsAllowed) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send_many("a", 10);
  w.allow[0].most = 12;
  EXPECT_EQ(w.send_many("a", 10), 2);
  w.allow[0].most = 5;
  EXPECT_EQ(w.look("a").kind, Kind::over);
  EXPECT_EQ(w.used("a"), 12);
}

TEST(MemoryLedger, BeginsANewWindowEmptyBesideTheOthers) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send_many("a", 10);
  w.allow = {{.most = 3, .window = 1min}, {.most = 12, .window = 1h}};
  EXPECT_EQ(w.send_many("a", 10), 2);
  EXPECT_EQ(w.used("a", 1), 12);
  for (int i = 1; i < 9; ++i) {  // more lengths than an account keeps
    w.allow = {{.most = 20, .window = 1h}, {.most = 5, .window = std::chrono::seconds(i)}};
    EXPECT_TRUE(w.send("a"));
  }
  EXPECT_EQ(w.used("a", 0), 20);
  EXPECT_EQ(w.ledger->show("a", no_hurry())[0].windows.size(), kMostWindows);
}

TEST(MemoryLedger, SmoothsWhereThereIsABurst) {
  LimitsWorld w({{.most = 30, .window = 1min, .burst = 10}});
  EXPECT_EQ(w.send_many("a", 15), 10);
  EXPECT_EQ(w.look("a").next, 2s);
  w.clock.advance(2s);
  EXPECT_EQ(w.send_many("a", 15), 1);
  w.clock.advance(2s);
  w.reserve("a");
  w.release();
  EXPECT_EQ(w.send_many("a", 15), 1);
  EXPECT_EQ(w.look("a", 11).next, Answer::kNever);
}

TEST(MemoryLedger, GivesBackOfABurstWhatHasNotRunOff) {
  LimitsWorld w({{.most = 30, .window = 1min, .burst = 10}});
  w.reserve("a", 10);
  w.clock.advance(20s);
  EXPECT_NE(w.reserve("a", 10).kind, Kind::over);
  std::swap(w.holds[0], w.holds[1]);
  w.release();  // of the first nothing is left
  EXPECT_EQ(w.look("a").kind, Kind::over);
  EXPECT_EQ(w.look("a").next, 2s);
  w.clock.advance(10s);
  w.release();  // of the second, half
  EXPECT_NE(w.look("a", 10).kind, Kind::over);
}

TEST(MemoryLedger, ChargesWithoutATest) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.charge("a", 25);
  EXPECT_EQ(w.used("a"), 25);
  EXPECT_EQ(w.look("a").kind, Kind::over);
  w.clock.advance(62min);
  EXPECT_EQ(w.send_many("a", 15), 10);
}

TEST(MemoryLedger, OnlyLooksForNothing) {
  LimitsWorld w;
  EXPECT_EQ(w.reserve("a", 0).kind, Kind::ok);
  EXPECT_TRUE(w.holds.empty());
  EXPECT_EQ(w.counted("limits.accounts"), 0);
}

TEST(MemoryLedger, CountsRefusedTriesBesideWhatIsUsed) {
  LimitsWorld w;
  w.send("a");
  for (int i = 0; i < 3; ++i) w.ledger->note_refused("limit", "a");
  const auto shown = w.ledger->show("a", no_hurry());
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].refused, 3);
  EXPECT_EQ(shown[0].windows[0].used, 1);
}

TEST(MemoryLedger, ShowsTheFullestFirst) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  for (int i = 1; i < 9; ++i) w.send("key" + std::to_string(i), i);
  const auto top = w.ledger->top("limit", 3, no_hurry());
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].key, "key8");
  EXPECT_EQ(top[2].key, "key6");
  EXPECT_TRUE(w.ledger->top("other", 3, no_hurry()).empty());
  EXPECT_EQ(w.ledger->top("", 100, no_hurry()).size(), 8u);
}

TEST(MemoryLedger, ForgetsAnAccountWhenToldTo) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send_many("a", 10);
  w.reserve("b", 4);
  EXPECT_EQ(w.ledger->reset("other", "a", no_hurry()), 0u);
  EXPECT_EQ(w.ledger->reset("limit", "a", no_hurry()), 1u);
  EXPECT_EQ(w.ledger->reset("", "b", no_hurry()), 1u);
  EXPECT_EQ(w.used("a"), 0);
  w.reserve("b", 5);
  std::swap(w.holds[0], w.holds[1]);
  w.release();  // of the account that is gone
  EXPECT_EQ(w.used("b"), 5);
}

TEST(MemoryLedger, ForgetsAccountsInWhichNothingStands) {
  LimitsWorld w({{.most = 10, .window = 1min}});
  for (int i = 0; i < 5000; ++i) w.send("key" + std::to_string(i));
  w.reserve("open");
  EXPECT_EQ(w.counted("limits.accounts"), 5001);
  w.clock.advance(2min);
  for (int i = 0; i < 500 && w.counted("limits.accounts") > 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(w.counted("limits.accounts"), 1);
}

TEST(MemoryLedger, DoesNotMindWhatTheWallClockIsSetTo) {
  LimitsWorld w({{.most = 10, .window = 1h}});
  w.send_many("a", 10);
  for (const auto step : {24h, -48h, 24h}) {
    w.clock.step_wall(step);
    EXPECT_EQ(w.send_many("a", 10), 0);
  }
  w.clock.advance(61min);
  EXPECT_EQ(w.send_many("a", 15), 10);
}

}  // namespace
}  // namespace postern::limits
