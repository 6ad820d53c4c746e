#include "policy/limits/behaviour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits/behaviour_settings.h"
#include "policy/limits/likeness.h"
#include "policy/limits/memory_ledger.h"
#include "tests/limits/limits_world.h"
#include "tests/limits/naive_ledger.h"
#include "tests/support/fake_clock.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using postern::test::FakeClock;

const Deadline kNow{SteadyTime::max()};

/// Nothing but the sign at hand, with thresholds of 5 and 10.
BehaviourSettings only(Signal signal) {
  BehaviourSettings s;
  for (SignSettings& sign : s.signs) sign.weight = 0;
  s.newcomer = 100;
  s.of(signal).unusual = 5;
  s.of(signal).suspicious = 10;
  s.of(signal).weight = 2;
  return s;
}
BehaviourSettings all_but(Signal signal) {
  BehaviourSettings s = only(signal);
  s.of(signal).weight = 0;
  return s;
}

/// An account, a ledger of its own, and a clock.
struct World {
  explicit World(const BehaviourSettings& settings = {}) : behaviour(settings, ledger) {}

  FakeClock clock;
  test::NaiveLedger ledger{clock};
  Behaviour behaviour;
  Subject subject{.name = "anna@a.example"};
  Circumstances where{.address = "192.0.2.0/24", .country = "DE", .asn = "64500", .hour = 11};
  std::string text = "a text";
  int next = 0;

  std::string stranger() { return "s" + std::to_string(++next) + "@b.example"; }
  std::vector<std::string> strangers(int n) {
    std::vector<std::string> out;
    for (int i = 0; i < n; ++i) out.push_back(stranger());
    return out;
  }
  void send(std::vector<std::string> recipients, std::uint64_t body = 0) {
    behaviour.sent(subject, where, {.recipients = std::move(recipients), .subject = {}, .body = body}, kNow);
  }
  Judgement judge(std::string_view recipient = "old@a.example", const std::vector<std::string>& pending = {}) {
    return behaviour.judge(subject, where, recipient, pending, kNow);
  }
  Level level(std::string_view recipient = "old@a.example") { return judge(recipient).level; }
  /// The account is older than what is learnt from, and knows somebody.
  void grow_old() {
    send({"old@a.example"});
    clock.advance(15 * 24h);
  }
};

TEST(Behaviour, IsNormalForWhoNeverWasHere) {
  World w;
  const Judgement j = w.judge();
  EXPECT_EQ(j.level, Level::normal);
  EXPECT_TRUE(j.known);
  EXPECT_TRUE(j.signs.empty());
}

TEST(Behaviour, KnowsNothingWhereTheLedgerDoesNot) {
  World w(only(Signal::first_time_hour));
  w.send(w.strangers(50));
  EXPECT_EQ(w.level(), Level::suspicious);
  w.ledger.available = false;
  const Judgement j = w.judge();
  EXPECT_FALSE(j.known);
  EXPECT_EQ(j.level, Level::normal);
  w.send(w.strangers(1), 7);

  w.ledger.available = true;
  w.ledger.coarse = true;  // these are counts of others, too
  EXPECT_FALSE(w.judge().known);
}

void expect_strangers(Signal signal, std::chrono::hours window) {
  World w(only(signal));
  w.send(w.strangers(3));
  EXPECT_EQ(w.level(w.stranger()), Level::normal);  // 4
  w.send(w.strangers(1));
  EXPECT_EQ(w.level("s1@b.example"), Level::normal);  // 4, who is known
  EXPECT_EQ(w.level(w.stranger()), Level::unusual);   // 5
  w.send(w.strangers(4));
  EXPECT_EQ(w.level("s1@b.example"), Level::unusual);  // 8
  w.send(w.strangers(1));
  EXPECT_EQ(w.level(w.stranger()), Level::suspicious);  // 10
  w.clock.advance(window + 1min);
  EXPECT_EQ(w.level(w.stranger()), Level::normal);

  World off(all_but(signal));
  off.send(off.strangers(30));
  EXPECT_EQ(off.level(off.stranger()), Level::normal);
}

TEST(Behaviour, SeesStrangersOfAnHour) { expect_strangers(Signal::first_time_hour, 1h); }
TEST(Behaviour, SeesStrangersOfADay) { expect_strangers(Signal::first_time_day, 24h); }

TEST(Behaviour, CountsThoseOfTheSameMessage) {
  World w(only(Signal::first_time_hour));
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(8)).level, Level::unusual);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(9)).level, Level::suspicious);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(1000)).signs.at(0).value, 1001);
  EXPECT_EQ(w.judge(w.stranger(), std::vector<std::string>(9, "old@a.example")).level, Level::suspicious);
  w.send({"old@a.example"});
  EXPECT_EQ(w.judge("old@a.example", std::vector<std::string>(1000, "old@a.example")).level, Level::normal);
}

TEST(Behaviour, ForgetsAnAcquaintanceAfterTwoMonths) {
  World w(only(Signal::first_time_hour));
  const std::vector<std::string> people = w.strangers(9);
  w.send(people);
  w.clock.advance(59 * 24h);
  EXPECT_EQ(w.judge("old@a.example", people).level, Level::normal);
  w.clock.advance(2 * 24h);
  EXPECT_EQ(w.judge("old@a.example", people).level, Level::suspicious);
}

TEST(Behaviour, HasMoreStrangersFromWhoAlwaysHad) {
  BehaviourSettings s = only(Signal::first_time_hour);
  s.of(Signal::first_time_hour).past = 2;
  World w(s);
  for (int day = 0; day < 29; ++day) {
    w.send(w.strangers(20));
    w.clock.advance(24h);
  }
  w.clock.advance(1h);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(16)).level, Level::normal);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(30)).level, Level::unusual);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(41)).level, Level::suspicious);
}

TEST(Behaviour, IsPatientWithWhoIsNew) {
  BehaviourSettings s = only(Signal::first_time_day);
  s.newcomer = 200;
  World w(s);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(18)).level, Level::unusual);
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(19)).level, Level::suspicious);
  w.grow_old();
  EXPECT_EQ(w.judge(w.stranger(), w.strangers(9)).level, Level::suspicious);
}

TEST(Behaviour, SeesATextThatIsSpread) {
  World w(only(Signal::alike_texts));
  constexpr std::uint64_t kText = 0x1111'2222'3333'4444;
  for (int i = 0; i < 9; ++i) w.send(w.strangers(1), kText);
  EXPECT_EQ(w.level(), Level::normal);  // the first 5 are no spreading
  w.send(w.strangers(1), kText);
  EXPECT_EQ(w.level(), Level::unusual);
  for (int i = 0; i < 4; ++i) w.send(w.strangers(1), kText);
  EXPECT_EQ(w.level(), Level::unusual);
  w.send(w.strangers(1), kText);
  EXPECT_EQ(w.level(), Level::suspicious);
  w.clock.advance(7 * 24h + 1h);
  EXPECT_EQ(w.level(), Level::normal);

  World off(all_but(Signal::alike_texts));
  off.send(off.strangers(30), kText);
  EXPECT_EQ(off.level(), Level::normal);
}

TEST(Behaviour, DoesNotMindATextForThoseWhoAreKnown) {
  World w(only(Signal::alike_texts));
  const std::vector<std::string> list = w.strangers(200);
  w.send(list, 1);
  w.clock.advance(15 * 24h);
  for (int i = 0; i < 10; ++i) w.send(list, 2);
  EXPECT_EQ(w.level(), Level::normal);
}

/// A text of which each recipient gets a variant.
std::vector<std::uint64_t> variants(int n) {
  std::vector<std::uint64_t> out;
  for (int i = 0; i < n; ++i) {
    const std::string name(static_cast<std::size_t>(5 + i), static_cast<char>('a' + i));
    out.push_back(likeness(
        "Dear " + name + ", your invoice of this month could not be paid from your account. Please check the " +
        "payment details in the attached document and confirm them within three days, otherwise we must " +
        "close the access to your services. Kind regards, the accounting department of your provider."));
  }
  return out;
}

TEST(Behaviour, SeesAVariedTextInOneBandOfIt) {
  const std::vector<std::uint64_t> bodies = variants(16);
  World w(only(Signal::alike_texts));
  for (const std::uint64_t body : bodies) w.send(w.strangers(1), body);
  EXPECT_NE(w.level(), Level::normal);

  // What happens without bands: as whole hashes, the variants are as many texts as there are.
  World whole(only(Signal::alike_texts));
  for (std::uint64_t i = 1; i <= bodies.size(); ++i) whole.send(whole.strangers(1), i * 0x0001'0001'0001'0001);
  EXPECT_GT(std::set<std::uint64_t>(bodies.begin(), bodies.end()).size(), 8U);
  EXPECT_EQ(whole.level(), Level::normal);
}

TEST(Behaviour, SeesASubjectThatIsSpread) {
  World w(only(Signal::alike_texts));
  for (int i = 0; i < 15; ++i)
    w.behaviour.sent(w.subject, w.where,
                     {.recipients = w.strangers(1), .subject = "Your invoice " + std::to_string(i), .body = 0}, kNow);
  EXPECT_EQ(w.level(), Level::suspicious);
}

TEST(Behaviour, SeesRefusedRecipients) {
  World w(only(Signal::refused));
  for (int i = 0; i < 4; ++i) w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::normal);
  w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::unusual);
  for (int i = 0; i < 5; ++i) w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::suspicious);

  World off(all_but(Signal::refused));
  for (int i = 0; i < 50; ++i) off.behaviour.refused(off.subject);
  EXPECT_EQ(off.level(), Level::normal);
}

TEST(Behaviour, SeesThatMostAreRefused) {
  BehaviourSettings s = only(Signal::refused_ratio);
  s.of(Signal::refused_ratio).suspicious = 50;
  World w(s);
  for (int i = 0; i < 9; ++i) w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::normal);  // too few to tell
  w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::suspicious);
  w.send(w.strangers(9));
  EXPECT_EQ(w.level(), Level::suspicious);  // 10 of 20, with the one at hand
  w.send(w.strangers(1));
  EXPECT_EQ(w.level(), Level::unusual);

  World off(all_but(Signal::refused_ratio));
  for (int i = 0; i < 50; ++i) off.behaviour.refused(off.subject);
  EXPECT_EQ(off.level(), Level::normal);
}

void expect_places(Signal signal, std::string Circumstances::*field) {
  const auto go = [&](World& w, int n) {
    for (int i = 1; i <= n; ++i) {
      w.where.*field = "place " + std::to_string(i);
      w.send({"old@a.example"});
    }
    w.where.*field = "place " + std::to_string(n + 1);
    return w.level();
  };
  World four(only(signal)), five(only(signal)), nine(only(signal)), ten(only(signal)), off(all_but(signal));
  EXPECT_EQ(go(four, 3), Level::normal);
  EXPECT_EQ(go(five, 4), Level::unusual);
  EXPECT_EQ(go(nine, 8), Level::unusual);
  EXPECT_EQ(go(ten, 9), Level::suspicious);
  EXPECT_EQ(go(off, 30), Level::normal);
  ten.clock.advance(25h);
  EXPECT_EQ(ten.level(), Level::normal);
  (ten.where.*field).clear();  // not known
  EXPECT_EQ(ten.level(), Level::normal);
}

TEST(Behaviour, SeesManyCountries) { expect_places(Signal::countries, &Circumstances::country); }
TEST(Behaviour, SeesManyAutonomousSystems) { expect_places(Signal::asns, &Circumstances::asn); }
TEST(Behaviour, SeesManyNetworks) { expect_places(Signal::networks, &Circumstances::address); }

void expect_new_place(Signal signal, std::string Circumstances::*field) {
  World w(only(signal));
  w.grow_old();
  w.send(w.strangers(30));
  EXPECT_EQ(w.level(w.stranger()), Level::normal);  // where it always was
  w.where.*field = "elsewhere";
  EXPECT_EQ(w.level(w.stranger()), Level::normal);
  w.send(w.strangers(4));
  EXPECT_EQ(w.level("s1@b.example"), Level::normal);
  EXPECT_EQ(w.level(w.stranger()), Level::unusual);
  w.send(w.strangers(5));
  EXPECT_EQ(w.level(w.stranger()), Level::suspicious);
  w.clock.advance(15 * 24h);
  w.send(w.strangers(20));
  EXPECT_EQ(w.level(w.stranger()), Level::normal);  // known by now

  World young(only(signal));
  young.send(young.strangers(30));
  EXPECT_EQ(young.level(young.stranger()), Level::normal);  // all places are new for who is new
  World off(all_but(signal));
  off.grow_old();
  off.where.*field = "elsewhere";
  off.send(off.strangers(30));
  EXPECT_EQ(off.level(off.stranger()), Level::normal);
}

TEST(Behaviour, SeesStrangersFromANewCountry) { expect_new_place(Signal::new_country, &Circumstances::country); }
TEST(Behaviour, SeesStrangersFromANewAutonomousSystem) { expect_new_place(Signal::new_asn, &Circumstances::asn); }

TEST(Behaviour, SeesABurst) {
  World w(only(Signal::burst));
  w.send({"old@a.example"});
  for (int i = 0; i < 3; ++i) w.send({"old@a.example"});
  EXPECT_EQ(w.level(), Level::unusual);  // 5
  for (int i = 0; i < 4; ++i) w.send({"old@a.example"});
  EXPECT_EQ(w.level(), Level::unusual);
  w.send({"old@a.example"});
  EXPECT_EQ(w.level(), Level::suspicious);
  w.clock.advance(61min);
  EXPECT_EQ(w.level(), Level::normal);

  World off(all_but(Signal::burst));
  for (int i = 0; i < 30; ++i) off.send({"old@a.example"});
  EXPECT_EQ(off.level(), Level::normal);
}

TEST(Behaviour, SeesANightThatIsNotAsNightsWere) {
  World w(only(Signal::night));
  w.send(w.strangers(30));
  EXPECT_EQ(w.level(), Level::normal);  // by day
  w.where.hour = 22;
  EXPECT_EQ(w.level(), Level::normal);
  w.send(w.strangers(4));
  EXPECT_EQ(w.level(), Level::unusual);
  w.where.hour = 5;
  w.send(w.strangers(5));
  EXPECT_EQ(w.level(), Level::suspicious);
  w.where.hour = 6;
  EXPECT_EQ(w.level(), Level::normal);

  World owl(only(Signal::night));  // works at night, and always did
  owl.where.hour = 2;
  for (int day = 0; day < 29; ++day) {
    for (int i = 0; i < 10; ++i) owl.send({"old@a.example"});
    owl.clock.advance(24h);
  }
  for (int i = 0; i < 30; ++i) owl.send({"old@a.example"});
  EXPECT_EQ(owl.level(), Level::normal);

  World off(all_but(Signal::night));
  off.where.hour = 2;
  off.send(off.strangers(30));
  EXPECT_EQ(off.level(), Level::normal);
}

TEST(Behaviour, AddsUpWhatSignsAreWorth) {
  BehaviourSettings s = only(Signal::first_time_hour);
  s.of(Signal::burst) = {.name = "burst", .what = {}, .unusual = 5, .suspicious = 100, .weight = 2, .past = 0};
  s.of(Signal::first_time_day) = {.name = "day", .what = {}, .unusual = 5, .suspicious = 100, .weight = 2, .past = 0};
  World w(s);
  w.send(w.strangers(5));
  const Judgement j = w.judge("s1@b.example");
  EXPECT_EQ(j.level, Level::suspicious);  // strangers and a burst; an hour and a day of strangers are one
  ASSERT_EQ(j.signs.size(), 3U);
  EXPECT_EQ(j.signs[0].name, "first-time-hour");
  EXPECT_EQ(j.signs[0].value, 5);
  EXPECT_EQ(j.signs[0].unusual, 5);
  EXPECT_EQ(j.signs[0].suspicious, 10);
  s.of(Signal::burst).weight = 1;
  World less(s);
  less.send(less.strangers(5));
  EXPECT_EQ(less.level(), Level::unusual);
}

/// All signs that are there, with their values.
std::string told(const Judgement& j) {
  std::string out;
  for (const Sign& s : j.signs)
    out += std::string(s.name) + " " + std::to_string(s.value) + " of " + std::to_string(s.unusual) + "; ";
  return out;
}

TEST(Behaviour, SaysTheSameOnTheLedgerThatIsUsed) {
  BehaviourSettings s;
  for (SignSettings& sign : s.signs) sign.unusual = 1;
  World naive(s);
  Counters counters;
  MemoryLedger memory({}, naive.clock, counters, nullptr);
  const Behaviour other(s, memory);
  std::uint32_t dice = 1;
  const auto roll = [&](std::uint32_t n) {
    return (dice = dice * 1664525 + 1013904223) >> 16 & 0x7fff ? (dice >> 16) % n : 0;
  };
  int unequal = 0;
  for (int i = 0; i < 2000; ++i) {
    if (i % 3 == 0) naive.clock.advance(17h);  // so that no window ends within a slot in which something stands
    naive.where.country = std::string(1, static_cast<char>('A' + roll(3))) + "X";
    naive.where.asn = std::to_string(roll(5));
    naive.where.hour = static_cast<int>(roll(24));
    std::vector<std::string> to;
    for (std::uint32_t n = roll(12) + 1; n > 0; --n) to.push_back("r" + std::to_string(roll(400)) + "@b.example");
    const Judgement a = naive.judge("r7@b.example", to);
    const Judgement b = other.judge(naive.subject, naive.where, "r7@b.example", to, kNow);
    EXPECT_EQ(a.known, b.known);
    unequal += told(a) == told(b) ? 0 : 1;
    if (unequal == 1 && told(a) != told(b)) ADD_FAILURE() << i << "\n" << told(a) << "\n" << told(b);
    if (roll(5) == 0) {
      naive.behaviour.refused(naive.subject);
      other.refused(naive.subject);
    }
    const Sent message{.recipients = to, .subject = "s", .body = roll(20) + 1ULL};
    naive.behaviour.sent(naive.subject, naive.where, message, kNow);
    other.sent(naive.subject, naive.where, message, kNow);
  }
  EXPECT_EQ(unequal, 0);
}

TEST(Behaviour, OfANetworkIsWhetherItGuessesAddresses) {
  World w;
  w.subject = {.kind = Subject::Kind::network, .name = "192.0.2.0/24"};
  w.send(w.strangers(500), 1);
  EXPECT_EQ(w.level(w.stranger()), Level::normal);  // its mail is of many people
  EXPECT_EQ(w.ledger.size(), 1U);
  for (int i = 0; i < 100; ++i) w.behaviour.refused(w.subject);
  EXPECT_EQ(w.level(), Level::suspicious);
}

TEST(Behaviour, KeepsNothingOfANetworkForLongerThanADay) {
  LimitsWorld w;
  const BehaviourSettings settings;
  const Behaviour behaviour(settings, *w.ledger);
  const Subject network{.kind = Subject::Kind::network, .name = "2001:db8::/64"};
  behaviour.refused(network);
  behaviour.sent(network, {}, {.recipients = {"a@b.example"}, .subject = {}}, no_hurry());
  const auto shown = w.ledger->show("net 2001:db8::/64", no_hurry());
  ASSERT_EQ(shown.size(), 2U);
  for (const auto& account : shown) {
    for (const auto& window : account.windows) EXPECT_LE(window.allow.window, std::chrono::hours(24));
  }
}

TEST(Behaviour, KeepsAccountsApartAndTheirCaseTogether) {
  World w(only(Signal::burst));
  w.send(w.strangers(20));
  w.subject.name = "ANNA@a.example";
  EXPECT_EQ(w.level(), Level::suspicious);
  w.subject.name = "bert@a.example";
  EXPECT_EQ(w.level(), Level::normal);
  w.subject = {.kind = Subject::Kind::network, .name = "anna@a.example"};
  EXPECT_EQ(w.level(), Level::normal);
}

TEST(Behaviour, KeepsAllOfASubjectUnderOneKey) {
  World w;
  w.where.hour = 2;
  w.send(w.strangers(100), 1);
  w.behaviour.refused(w.subject);
  EXPECT_GT(w.ledger.size(), 10U);
  EXPECT_EQ(w.level(), Level::suspicious);
  w.ledger.reset({}, "login anna@a.example", kNow);
  EXPECT_EQ(w.ledger.size(), 0U);
  EXPECT_EQ(w.level(), Level::normal);
}

TEST(Behaviour, HasBoundedKeys) {
  World w;
  w.subject.name = std::string(100'000, 'a');
  w.where.country = w.where.asn = std::string(100'000, 'b');
  w.behaviour.sent(w.subject, w.where,
                   {.recipients = w.strangers(5000), .subject = std::string(1'000'000, 's'), .body = 1}, kNow);
  w.behaviour.refused(w.subject);
  EXPECT_TRUE(w.judge().known);
  EXPECT_LE(w.ledger.size(), 20U);
  for (const Ledger::Account& a : w.ledger.top({}, 100, kNow)) {
    EXPECT_LE(a.key.size(), kMostKeyBytes) << a.limit;
    EXPECT_LE(a.limit.size(), 80U);
  }
  w.subject.name += 'c';  // another one, though it begins alike
  EXPECT_EQ(w.judge().level, Level::normal);
}

TEST(BehaviourSettings, AreAskedForOnceEach) {
  Problems problems;
  Settings settings("checks.behaviour", nullptr, problems);
  const BehaviourSettings s = read_behaviour_settings(settings);
  EXPECT_TRUE(problems.all().empty());
  const BehaviourSettings defaults;
  EXPECT_EQ(s.learn, defaults.learn);
  EXPECT_EQ(s.score, defaults.score);
  for (std::size_t i = 0; i < kSignals; ++i) {
    EXPECT_EQ(s.signs[i].unusual, defaults.signs[i].unusual);
    EXPECT_EQ(s.signs[i].weight, defaults.signs[i].weight);
    EXPECT_LE(s.signs[i].unusual, s.signs[i].suspicious);
    EXPECT_FALSE(s.signs[i].name.empty());
  }
  for (const Settings::Asked& a : settings.asked()) {
    EXPECT_FALSE(a.doc.empty()) << a.key;
    EXPECT_EQ(std::count_if(settings.asked().begin(), settings.asked().end(),
                            [&](const Settings::Asked& b) { return a.key == b.key; }),
              1)
        << a.key;
  }
}

}  // namespace
}  // namespace postern::limits
