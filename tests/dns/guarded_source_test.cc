#include "policy/dns/guarded_source.h"

#include <fmt/format.h>

#include <optional>

#include "tests/dns/held_source.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

// A guarded source whose inner questions are answered by hand.
class World {
 public:
  explicit World(const Options& options = {}) : source(std::make_unique<HeldSource>(held), options, clock, counters) {}

  // What is said at once; "-" while the question is under way.
  std::string ask(std::string_view name) {
    auto said = std::make_shared<std::optional<Answer>>();
    source.ask(question(name), Source::Way::usual, [said](Answer answer) { *said = std::move(answer); });
    if (!*said) return "-";
    EXPECT_TRUE((*said)->unasked);
    return (*said)->problem;
  }
  // Answers the question that has waited longest.
  void answer(Answer with) {
    ASSERT_FALSE(held.empty());
    auto done = std::move(held.front().done);
    held.pop_front();
    done(std::move(with));
  }
  // The answers to one round of the canary for two names: of these, and of the random one.
  void round(Status first, Status second, Status random) {
    source.tick();
    ASSERT_EQ(held.size(), 3u);
    for (const Status status : {first, second, random}) answer(answer_of(status));
  }
  std::string canary() { return std::string(name(source.health().canary)); }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }

  std::deque<HeldSource::Held> held;
  FakeClock clock;
  Counters counters;
  GuardedSource source;
};

Options with_canary() {
  Options options;
  options.canary = {*Domain::parse("a.known.test"), *Domain::parse("known.example")};
  return options;
}

constexpr std::string_view kRefused = "the DNS servers do not answer";

TEST(GuardedSource, CapsTheQuestionsOfOneZone) {  // FAULTS T44
  Options options;
  options.zone_outstanding = 3;
  World w(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.ask(fmt::format("n{}.one.test", i)), "-");
  EXPECT_EQ(w.ask("deep.n9.one.test"), "too many DNS questions under way for one zone");
  EXPECT_EQ(w.ask("other.test"), "-");
  EXPECT_EQ(w.held.size(), 4u);
  EXPECT_EQ(w.counted("dns.zone_refused"), 1);
  w.answer(answer_of(Status::ok));
  EXPECT_EQ(w.ask("n10.one.test"), "-");
}

TEST(GuardedSource, WithoutThatCapAsksOneZoneEverything) {
  Options options;
  options.zone_outstanding = 100'000;
  World w(options);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(w.ask(fmt::format("n{}.one.test", i)), "-");
  EXPECT_EQ(w.held.size(), 1000u);
}

TEST(GuardedSource, SendsNothingToDeadServersButATrial) {  // FAULTS T38
  World w;
  for (const char* name : {"x.a.test", "b.test", "c.test", "d.test"}) {
    EXPECT_EQ(w.ask(name), "-");
    w.answer(answer_of(Status::tempfail));
  }
  EXPECT_TRUE(w.source.health().breaker_open);
  EXPECT_EQ(w.counted("dns.breaker.opened"), 1);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(w.ask("e.test"), kRefused);
  EXPECT_EQ(w.held.size(), 0u);
  EXPECT_EQ(w.counted("dns.breaker.refused"), 50);
  w.clock.advance(5s);
  EXPECT_EQ(w.ask("e.test"), "-");
  EXPECT_EQ(w.ask("f.test"), kRefused);
  w.answer(answer_of(Status::nxdomain));
  EXPECT_FALSE(w.source.health().breaker_open);
  EXPECT_EQ(w.ask("f.test"), "-");
}

TEST(GuardedSource, WithoutItsBreakerSendsEverythingToDeadServers) {
  Options options;
  options.breaker.errors = 0;
  World w(options);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(w.ask(fmt::format("n{}.test", i)), "-");
    w.answer(answer_of(Status::tempfail));
  }
  EXPECT_EQ(w.counted("dns.breaker.opened"), 0);
}

TEST(GuardedSource, TakesSilenceForAFailure) {
  World w;
  for (const char* name : {"a.test", "b.test", "c.test", "d.test"}) EXPECT_EQ(w.ask(name), "-");
  w.clock.advance(2999ms);
  w.source.tick();
  EXPECT_FALSE(w.source.health().breaker_open);
  w.clock.advance(1ms);
  w.source.tick();
  EXPECT_TRUE(w.source.health().breaker_open);
}

TEST(GuardedSource, BogusIsAnAnswer) {
  World w;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(w.ask(fmt::format("n{}.test", i)), "-");
    w.answer(answer_of(Status::bogus));
  }
  EXPECT_FALSE(w.source.health().breaker_open);
}

TEST(Canary, AsksWhatItKnowsPastEveryCache) {
  World w(with_canary());
  EXPECT_EQ(w.canary(), "unknown");
  EXPECT_TRUE(w.source.in_doubt());
  w.source.tick();
  ASSERT_EQ(w.held.size(), 3u);
  EXPECT_EQ(w.held[0].question.name.text(), "a.known.test");
  EXPECT_EQ(w.held[1].question.name.text(), "known.example");
  EXPECT_TRUE(w.held[2].question.name.is_within(*Domain::parse("known.test")));
  const std::string random = w.held[2].question.name.text();
  for (const auto& held : w.held) EXPECT_EQ(held.way, Source::Way::uncached);
  for (const Status status : {Status::ok, Status::nodata, Status::nxdomain}) w.answer(answer_of(status));
  EXPECT_EQ(w.canary(), "green");
  EXPECT_FALSE(w.source.in_doubt());
  w.clock.advance(59s);
  w.source.tick();
  EXPECT_EQ(w.held.size(), 0u);
  w.clock.advance(1s);
  w.source.tick();
  ASSERT_EQ(w.held.size(), 3u);
  EXPECT_NE(w.held[2].question.name.text(), random);
}

TEST(Canary, TellsTheDeadFromTheLying) {
  using enum Status;
  struct Case {
    Status first, second, random;
    const char* state;
  };
  for (const auto& [first, second, random, state] : {
           Case{ok, ok, nxdomain, "green"},
           Case{nodata, ok, nxdomain, "green"},
           Case{nodata, tempfail, nxdomain, "lying"},  // "nothing there", whatever one asks
           Case{nodata, nodata, nodata, "lying"},
           Case{tempfail, ok, nodata, "green"},  // a signer that makes its proofs as it answers
           Case{tempfail, tempfail, tempfail, "dead"},
           Case{ok, ok, tempfail, "dead"},  // known from the servers' cache alone
           Case{tempfail, tempfail, nxdomain, "dead"},
           Case{nxdomain, ok, nxdomain, "lying"},
           Case{nxdomain, nxdomain, nxdomain, "lying"},
           Case{ok, ok, ok, "lying"},
           Case{tempfail, tempfail, ok, "lying"},
           Case{bogus, bogus, bogus, "bogus"},
           Case{ok, ok, bogus, "bogus"},
           Case{bogus, ok, nxdomain, "green"},
       }) {
    World w(with_canary());
    w.round(first, second, random);
    EXPECT_EQ(w.canary(), state) << name(first) << name(second) << name(random);
    EXPECT_EQ(w.source.in_doubt(), w.canary() != "green");
    EXPECT_EQ(w.source.health().reason.empty(), w.canary() == "green");
    EXPECT_EQ(w.counted("dns.canary.rounds"), 1);
    EXPECT_EQ(w.counted("dns.canary.failed"), w.canary() == "green" ? 0 : 1);
  }
}

void fail_four_zones(World& w, const char* prefix) {
  for (const char* zone : {"a", "b", "c", "d"}) {
    EXPECT_EQ(w.ask(fmt::format("{}.{}.test", prefix, zone)), "-");
    w.answer(answer_of(Status::tempfail));
  }
}

TEST(Canary, OpensTheBreakerWhereOthersFailToo) {
  World w(with_canary());
  w.round(Status::tempfail, Status::tempfail, Status::tempfail);
  EXPECT_EQ(w.canary(), "dead");
  EXPECT_EQ(w.ask("our-own.test"), "-");  // servers that know but their own names
  w.answer(answer_of(Status::ok));
  w.clock.advance(4s);
  for (const char* zone : {"a.test", "b.test", "c.test"}) {
    EXPECT_EQ(w.ask(zone), "-");
    w.answer(answer_of(Status::tempfail));
  }
  EXPECT_EQ(w.ask("d.test"), "-");
  w.answer(answer_of(Status::tempfail));
  EXPECT_FALSE(w.source.health().breaker_open);
  for (int i = 0; i < 3; ++i) w.answer(answer_of(Status::tempfail));  // the round that this made it begin
  EXPECT_TRUE(w.source.health().breaker_open);
  EXPECT_EQ(w.ask("a.test"), kRefused);
  w.clock.advance(5s);
  w.round(Status::ok, Status::ok, Status::nxdomain);
  EXPECT_EQ(w.canary(), "green");
  EXPECT_FALSE(w.source.health().breaker_open);
  EXPECT_EQ(w.ask("a.test"), "-");
}

// Open questions fail while the source ends; nobody is asked any more then.
TEST(Canary, AsksNobodyWhileTheSourceEnds) {
  World w(with_canary());
  w.round(Status::ok, Status::ok, Status::nxdomain);
  w.clock.advance(10s);
  for (const char* zone : {"a.test", "b.test", "c.test", "d.test", "e.test"}) EXPECT_EQ(w.ask(zone), "-");
}

TEST(Canary, EndsARoundThatWaitsInVain) {
  World w(with_canary());
  w.source.tick();
  w.clock.advance(4s);
  w.source.tick();
  EXPECT_EQ(w.canary(), "dead");
  EXPECT_EQ(w.held.size(), 3u);
  for (int i = 0; i < 3; ++i) w.answer(answer_of(Status::ok));  // too late to count
  EXPECT_EQ(w.canary(), "dead");
}

TEST(Canary, ClearsServersThatAStrangersDeadZonesMadeSuspect) {
  World w(with_canary());
  w.round(Status::ok, Status::ok, Status::nxdomain);
  w.clock.advance(10s);
  fail_four_zones(w, "x");
  EXPECT_FALSE(w.source.health().breaker_open);  // the canary is to say
  ASSERT_EQ(w.held.size(), 3u);                  // and is asked at once
  for (const Status status : {Status::ok, Status::ok, Status::nxdomain}) w.answer(answer_of(status));
  EXPECT_FALSE(w.source.health().breaker_open);
  fail_four_zones(w, "y");
  EXPECT_EQ(w.held.size(), 0u);  // but no more than once a second
}

TEST(Canary, DoubtsWhatComesMeanwhile) {
  World w(with_canary());
  w.round(Status::nxdomain, Status::nxdomain, Status::nxdomain);
  std::optional<Answer> said;
  w.source.ask(question("a.test"), Source::Way::usual, [&](Answer answer) { said = std::move(answer); });
  ASSERT_EQ(w.held.size(), 1u);
  EXPECT_EQ(w.held.front().way, Source::Way::uncached);
  w.answer(answer_of(Status::nxdomain));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->trust, Trust::doubted);
}

TEST(Canary, TellsWhetherDnssecIsValidated) {
  Options options = with_canary();
  options.trust_anchor = "somewhere";
  const auto state_after = [&](Answer first, Answer random) {
    World w(options);
    EXPECT_EQ(w.source.health().dnssec, DnssecState::unknown);
    w.source.tick();
    w.answer(std::move(first));
    w.answer(answer_of(Status::tempfail));
    w.answer(std::move(random));
    return name(w.source.health().dnssec);
  };
  Answer secure = answer_of(Status::nodata);
  secure.secure = true;
  EXPECT_EQ(state_after(secure, answer_of(Status::nxdomain)), "validating");
  EXPECT_EQ(state_after(answer_of(Status::ok), answer_of(Status::nxdomain)), "unsigned");
  EXPECT_EQ(state_after(answer_of(Status::bogus), answer_of(Status::bogus)), "failing");
  EXPECT_EQ(state_after(answer_of(Status::tempfail), answer_of(Status::tempfail)), "unknown");
  EXPECT_EQ(name(World(with_canary()).source.health().dnssec), "off");
}

}  // namespace
}  // namespace postern::dns
