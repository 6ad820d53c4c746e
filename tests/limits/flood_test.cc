// Keys that strangers choose: many (FAULTS T56), and such that meet in one place (T57).

#include <chrono>
#include <ctime>

#include "policy/limits/memory_ledger.h"
#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

/// Keys with one and the same polynomial hash: "Aa" and "BB" are alike to it.
std::string colliding(std::uint32_t i) {
  std::string key;
  for (int bit = 0; bit < 17; ++bit) key += (i >> bit & 1) != 0 ? "Aa" : "BB";
  return key;
}

/// Of this thread: what else the machine does has no say.
std::chrono::duration<double> cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::chrono::duration<double> time_of(std::uint32_t keys, bool unkeyed) {
  LimitsWorld w;
  w.options.test_unkeyed_hash = unkeyed;
  w.open();
  const auto began = cpu_time();
  for (std::uint32_t i = 0; i < keys; ++i) w.send(colliding(i));
  EXPECT_EQ(w.counted("limits.accounts"), keys);
  return cpu_time() - began;
}

TEST(CollidingKeys, TakeAsLongAsOthers) {
  const auto few = time_of(10'000, false), many = time_of(100'000, false);
  EXPECT_LT(many, few * 40);
}

TEST(CollidingKeys, WithoutAKeyedHashTakeFarLonger) { EXPECT_GT(time_of(15'000, true), time_of(15'000, false) * 5); }

TEST(ManyKeys, AreCountedUnderCoarserOnesOverTheCap) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 20;
  w.open();
  int sent = 0, coarse = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Answer answer = w.reserve("user" + std::to_string(i) + "@flood.example");
    coarse += answer.coarse ? 1 : 0;
    if (answer.kind == Answer::Kind::over) continue;
    w.commit();
    ++sent;
  }
  EXPECT_GT(coarse, 40'000);
  EXPECT_EQ(w.counted("limits.coarse"), coarse);
  EXPECT_EQ(sent, 50'000 - coarse + 5);  // the domain has what one has
  EXPECT_LT(w.counted("limits.accounts"), 10'000);
}

TEST(ManyKeys, LeaveThoseAlone) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 20;
  w.open();
  w.send("early@flood.example");
  for (int i = 0; i < 20'000; ++i) w.send("user" + std::to_string(i) + "@flood.example");
  EXPECT_EQ(w.send_many("early@flood.example", 10), 4);
  EXPECT_FALSE(w.look("early@flood.example").coarse);
  EXPECT_TRUE(w.look("late@flood.example").coarse);
}

/// What is charged for networks of which a stranger has as many as he likes; whether a new account then has its own count.
bool leaves_room(std::string_view limit) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 20;
  w.open();
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "net 2001:db8:" + std::to_string(i) + "::/64";
    const Demand refused{.limit = limit, .key = key, .unit = Unit::refused_recipients, .allow = w.allow};
    w.ledger->charge({&refused, 1});
  }
  EXPECT_GT(w.counted("limits.coarse"), 10'000);
  EXPECT_GT(w.counted("limits.accounts"), 500);
  return w.send_many("late@flood.example", 10) == 5 && !w.look("late@flood.example").coarse;
}

TEST(ManyKeys, OfBehaviourLeaveLimitsTheirRoom) {
  EXPECT_TRUE(leaves_room("behaviour/refused"));
  EXPECT_FALSE(leaves_room("refused"));
}

TEST(ManyKeys, OfBehaviourAreNotCountedTogether) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 18;
  w.open();
  const auto ask = [&](int i) {
    const std::string key = "net " + std::to_string(i);
    Demand demand = w.demand(key);
    demand.limit = "behaviour/refused";
    return w.ask(demand);
  };
  for (int i = 0; i < 5'000; ++i) ask(i);
  EXPECT_EQ(ask(5'000).kind, Answer::Kind::unavailable);
  EXPECT_TRUE(ask(5'000).coarse);
  EXPECT_EQ(ask(0).used[0], 2);
}

TEST(ManyKeys, OfAllKindsAreNeverUnlimited) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 18;
  w.open();
  int coarse_sent = 0;
  for (int i = 0; i < 100'000; ++i) {
    const Answer answer = w.reserve("user@domain" + std::to_string(i) + ".example");
    if (answer.kind == Answer::Kind::over) continue;
    coarse_sent += answer.coarse ? 1 : 0;
    w.commit();
  }
  EXPECT_LT(coarse_sent, 1000);
  EXPECT_LT(w.counted("limits.accounts"), 2000);
}

TEST(ManyKeys, GiveBackWhatTheyReservedUnderACoarserOne) {
  LimitsWorld w({{.most = 5, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 18;
  w.open();
  for (int i = 0; i < 5'000; ++i) w.send("user" + std::to_string(i) + "@a.example");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(w.reserve("u@b.example").coarse) << i;
    w.release();
  }
  EXPECT_EQ(w.send_many("u@b.example", 10), 5);
  const auto shown = w.ledger->show("@b.example", no_hurry());
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].windows[0].used, 5);
  w.open();
  EXPECT_EQ(w.ledger->show("@b.example", no_hurry()).size(), 1u);
}

TEST(ManyKeys, LeaveTheReservationsOfACoarserOneAlone) {
  LimitsWorld w({{.most = 20, .window = 1h}});
  w.options.most_bytes = std::size_t{1} << 18;
  w.open();
  w.reserve("early@b.example", 5);
  for (int i = 0; i < 5'000; ++i) w.send("user" + std::to_string(i) + "@b.example");
  w.ledger->reset("limit", "early@b.example", no_hurry());
  for (int i = 0; i < 100; ++i) w.send("more" + std::to_string(i) + "@b.example");
  w.ledger->reset("limit", "@b.example", no_hurry());
  w.reserve("user@b.example", 3);
  ASSERT_EQ(w.holds.size(), 2u);
  ASSERT_TRUE(w.look("early@b.example").coarse);
  w.holds[0].id = w.holds[1].id & ~(std::uint64_t{1} << 63);  // the accounts had the same number, which may be
  std::swap(w.holds[0], w.holds[1]);
  w.commit();
  EXPECT_EQ(w.used("early@b.example"), 3 + 5);
}

TEST(ManyKeys, HaveRoomAgainWhenTheOldHaveGone) {
  LimitsWorld w({{.most = 5, .window = 1min}});
  w.options.most_bytes = std::size_t{1} << 18;
  w.open();
  for (int i = 0; i < 5'000; ++i) w.send("user" + std::to_string(i));
  EXPECT_TRUE(w.look("new").coarse);
  w.clock.advance(2min);
  for (int i = 0; i < 500 && w.look("new").coarse; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(w.look("new").coarse);
}

}  // namespace
}  // namespace postern::limits
