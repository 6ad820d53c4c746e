// An account that was frozen, and one beside which a ledger is full.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "policy/limits/behaviour.h"
#include "policy/limits/behaviour_settings.h"
#include "policy/limits/memory_ledger.h"
#include "tests/support/fake_clock.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using postern::test::FakeClock;

const Deadline kNow{SteadyTime::max()};
const Circumstances kWhere{.address = "192.0.2.0/24", .country = "DE", .asn = "64500", .hour = 11};

struct World {
  explicit World(std::size_t most_bytes = std::size_t{8} << 20)
      : ledger({.most_bytes = most_bytes}, clock, counters, nullptr) {}

  FakeClock clock;
  Counters counters;
  MemoryLedger ledger;
  Behaviour behaviour{BehaviourSettings{}, ledger};
  const Subject anna{.name = "anna@a.example"};
  int next = 0;

  std::vector<std::string> strangers(int n) {
    std::vector<std::string> out;
    for (int i = 0; i < n; ++i) out.push_back("s" + std::to_string(++next) + "@b.example");
    return out;
  }
  void send(const Subject& who, std::vector<std::string> recipients) {
    behaviour.sent(who, kWhere, {.recipients = std::move(recipients), .subject = "a prize for you", .body = 7}, kNow);
  }
  Judgement judge(const Subject& who, std::string_view recipient) {
    return behaviour.judge(who, kWhere, recipient, {}, kNow);
  }
};

TEST(BehaviourAnew, IsNotSuspiciousForWhatItWasFrozenFor) {
  World w;
  w.send(w.anna, {"friend@b.example"});
  w.clock.advance(15 * 24h);
  w.send(w.anna, w.strangers(200));
  ASSERT_EQ(w.judge(w.anna, "friend@b.example").level, Level::suspicious);
  w.clock.advance(12h);  // a freeze is over, and what was counted is not
  ASSERT_EQ(w.judge(w.anna, "friend@b.example").level, Level::suspicious);

  w.behaviour.begin_anew(w.anna, &kWhere, kNow);
  EXPECT_EQ(w.judge(w.anna, "friend@b.example").level, Level::normal);
  EXPECT_EQ(w.judge(w.anna, "new@b.example").level, Level::normal);
  w.send(w.anna, w.strangers(200));  // and is, for what comes then
  EXPECT_EQ(w.judge(w.anna, "new@b.example").level, Level::suspicious);
}

TEST(BehaviourAnew, StillKnowsItsPeople) {
  World w;
  const std::vector<std::string> old = w.strangers(200);
  w.send(w.anna, old);
  w.behaviour.begin_anew(w.anna, nullptr, kNow);
  w.send(w.anna, old);  // a burst, but of nobody new
  for (const Sign& sign : w.judge(w.anna, old.front()).signs) EXPECT_FALSE(sign.name.starts_with("first-time"));
}

TEST(BehaviourAnew, IsJudgedByWhatIsThereWhereALedgerIsFull) {
  World w(256 << 10);
  w.send(w.anna, {"friend@b.example"});
  for (int i = 0; i < 5000; ++i) w.behaviour.refused({.kind = Subject::Kind::network, .name = std::to_string(i)});
  EXPECT_GT(w.counters.get("limits.coarse").value(), 0);
  EXPECT_TRUE(w.judge(w.anna, "friend@b.example").known);
  EXPECT_FALSE(w.judge({.name = "nobody@a.example"}, "friend@b.example").known);
}

}  // namespace
}  // namespace postern::limits
