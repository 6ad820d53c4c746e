#include "policy/dns/caching_resolver.h"

#include <deque>
#include <thread>

#include "tests/dns/held_source.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

class World {
 public:
  explicit World(Options options = {})
      : resolver(std::make_unique<HeldSource>(held, &doubt), options, clock, counters) {}

  // Asks without waiting: "-" while there is no answer, else its status.
  std::string ask(std::string_view name) { return shown(*resolver.query(question(name), Deadline(SteadyTime::min()))); }
  std::string ask_uncached(std::string_view name) {
    return shown(*resolver.query_uncached(question(name), Deadline(SteadyTime::min())));
  }
  void answer(Status status, std::chrono::seconds ttl = 0s, Trust trust = Trust::servers) {
    ASSERT_FALSE(held.empty());
    Answer answer = answer_of(status, ttl);
    answer.trust = trust;
    auto done = std::move(held.front().done);
    held.pop_front();
    done(std::move(answer));
  }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }
  static std::string shown(const Answer& answer) {
    if (!answer.late)
      return std::string(answer.trust == Trust::stale ? "stale " : "") + std::string(name(answer.status));
    EXPECT_EQ(answer.status, Status::tempfail);
    return "-";
  }

  std::deque<HeldSource::Held> held;
  bool doubt = false;
  FakeClock clock;
  Counters counters;
  CachingResolver resolver;
};

TEST(CachingResolver, RemembersEachKindForItsAge) {
  Options options;
  options.least_negative_age = 60s;
  options.most_age = 1000s;
  options.failure_age = 5s;
  options.stale_age = 0s;
  struct Case {
    Status status;
    std::chrono::seconds ttl, age;
  };
  for (const auto& [status, ttl, age] :
       {Case{Status::ok, 300s, 300s}, Case{Status::ok, 5000s, 1000s}, Case{Status::ok, 0s, 5s},
        Case{Status::nxdomain, 10s, 60s}, Case{Status::nodata, 90s, 90s}, Case{Status::tempfail, 300s, 5s},
        Case{Status::bogus, 300s, 5s}}) {
    World w(options);
    EXPECT_EQ(w.ask("a.test"), "-");
    w.answer(status, ttl);
    w.clock.advance(age - 1s);
    EXPECT_EQ(w.ask("a.test"), name(status));
    EXPECT_EQ(w.held.size(), 0u);
    w.clock.advance(1s);
    EXPECT_EQ(w.ask("a.test"), "-") << name(status) << age.count();
    EXPECT_EQ(w.held.size(), 1u);
    EXPECT_EQ(w.counted("dns.cache.hits"), 1);
    EXPECT_EQ(w.counted("dns.cache.misses"), 2);
    EXPECT_EQ(w.counted("dns.late"), 2);
  }
}

TEST(CachingResolver, AsksOnceForAllWhoWait) {
  World w;
  w.resolver.prefetch(question("a.test"));
  w.resolver.prefetch(question("a.test"));
  EXPECT_EQ(w.ask("a.test"), "-");
  EXPECT_EQ(w.held.size(), 1u);
  EXPECT_EQ(w.counted("dns.queries"), 1);
  EXPECT_EQ(w.counted("dns.single_flight"), 2);
  EXPECT_EQ(w.counted("dns.outstanding"), 1);
  w.answer(Status::ok, 60s);
  EXPECT_EQ(w.ask("a.test"), "ok");
  EXPECT_EQ(w.counted("dns.outstanding"), 0);
}

TEST(CachingResolver, WakesWhoWaits) {
  World w;
  w.resolver.prefetch(question("a.test"));
  AnswerPtr got;
  std::thread waiting(
      [&] { got = w.resolver.query(question("a.test"), Deadline(std::chrono::steady_clock::now() + 10s)); });
  w.answer(Status::nodata);
  waiting.join();
  EXPECT_EQ(got->status, Status::nodata);
  EXPECT_FALSE(got->late);
}

TEST(CachingResolver, GoesPastItselfAndRefreshes) {
  World w;
  EXPECT_EQ(w.ask("a.test"), "-");
  w.answer(Status::nxdomain);
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
  ASSERT_EQ(w.held.size(), 1u);
  EXPECT_EQ(w.held.front().way, Source::Way::uncached);
  w.answer(Status::ok, 60s);
  EXPECT_EQ(w.ask("a.test"), "ok");
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "ok");  // a failure is no news
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
}

TEST(CachingResolver, CallsATimeoutByItsName) {
  Options options;
  options.timeout = 0ms;
  World w(options);
  EXPECT_EQ(w.ask("a.test"), "tempfail");
  EXPECT_EQ(w.ask("a.test"), "tempfail");
  EXPECT_EQ(w.counted("dns.timeouts"), 1);
  EXPECT_EQ(w.counted("dns.late"), 0);
  EXPECT_EQ(w.held.size(), 1u);
  w.answer(Status::ok, 60s);
  EXPECT_EQ(w.ask("a.test"), "ok");
  EXPECT_EQ(w.ask_uncached("a.test"), "tempfail");
  EXPECT_EQ(w.ask("a.test"), "ok");  // nor is a timeout
}

TEST(CachingResolver, CapsQuestionsUnderWay) {
  Options options;
  options.outstanding = 2;
  World w(options);
  EXPECT_EQ(w.ask("a.test"), "-");
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
  EXPECT_EQ(w.ask("b.test"), "tempfail");
  EXPECT_EQ(w.ask("a.test"), "-");
  EXPECT_EQ(w.counted("dns.refused"), 1);
  EXPECT_EQ(w.held.size(), 2u);
  w.answer(Status::ok, 60s);
  EXPECT_EQ(w.ask("b.test"), "-");
  EXPECT_EQ(w.counted("dns.outstanding"), 2);
}

TEST(CachingResolver, CapsWhatItRemembers) {
  Options options;
  options.cache_entries = 2;
  World w(options);
  for (const std::string_view name : {"a.test", "b.test", "c.test"}) {
    w.ask(name);
    w.answer(Status::ok, 60s);
  }
  EXPECT_EQ(w.counted("dns.cache.evicted"), 1);
  EXPECT_EQ(w.ask("c.test"), "ok");
  EXPECT_EQ(w.ask("b.test"), "ok");
  EXPECT_EQ(w.ask("a.test"), "-");
}

TEST(CachingResolver, CountsFailuresByKind) {
  World w;
  w.ask("a.test");
  w.answer(Status::tempfail);
  w.ask("b.test");
  w.answer(Status::bogus);
  EXPECT_EQ(w.counted("dns.servfail"), 1);
  EXPECT_EQ(w.counted("dns.bogus"), 1);
}

TEST(CachingResolver, ServesAGoodAnswerPastItsAgeWhenNoNewOneComes) {  // RFC 8767
  World w;
  w.ask("a.test");
  w.answer(Status::ok, 300s);
  w.clock.advance(300s);
  EXPECT_EQ(w.ask("a.test"), "-");  // a new one is asked for first …
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "stale ok");  // … and not again for as long as a failure is remembered
  EXPECT_EQ(w.held.size(), 0u);
  EXPECT_EQ(w.counted("dns.stale"), 1);
  w.clock.advance(5s);
  EXPECT_EQ(w.ask("a.test"), "-");
  w.answer(Status::nxdomain);
  EXPECT_EQ(w.ask("a.test"), "nxdomain");  // an answer is an answer
}

TEST(CachingResolver, WithoutStaleAnswersHasNone) {
  Options options;
  options.stale_age = 0s;
  World w(options);
  w.ask("a.test");
  w.answer(Status::ok, 300s);
  w.clock.advance(300s);
  w.ask("a.test");
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "tempfail");
}

TEST(CachingResolver, ServesStaleForItsTimeByTheMonotonicClock) {
  Options options;
  options.stale_age = 3600s;
  for (const auto step : {-24h * 365, 24h * 365}) {
    World w(options);
    w.ask("a.test");
    w.answer(Status::ok, 300s);
    w.clock.step_wall(step);
    EXPECT_EQ(w.ask("a.test"), "ok");
    w.clock.advance(3899s);
    w.ask("a.test");
    w.answer(Status::tempfail);
    EXPECT_EQ(w.ask("a.test"), "stale ok");
    w.clock.advance(1s);
    EXPECT_EQ(w.ask("a.test"), "-");
    w.answer(Status::tempfail);
    EXPECT_EQ(w.ask("a.test"), "tempfail");
  }
}

TEST(CachingResolver, NeverServesAStaleNo) {
  for (const Status no : {Status::nxdomain, Status::nodata}) {
    World w;
    w.ask("a.test");
    w.answer(no);
    w.clock.advance(60s);
    w.ask("a.test");
    w.answer(Status::tempfail);
    EXPECT_EQ(w.ask("a.test"), "tempfail");
  }
}

TEST(CachingResolver, ServesNothingStaleForAForgeryOrPastTheCaches) {
  World w;
  w.ask("a.test");
  w.answer(Status::ok, 300s);
  w.clock.advance(300s);
  w.ask("a.test");
  w.answer(Status::bogus);
  EXPECT_EQ(w.ask("a.test"), "bogus");
  w.clock.advance(5s);
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "-");
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "stale ok");
  EXPECT_EQ(w.ask_uncached("a.test"), "-");
}

TEST(CachingResolver, ServesStaleToWhoWaitsWhenNobodyIsAskedOrNobodyAnswers) {
  Options options;
  options.outstanding = 1;
  World w(options);
  w.ask("a.test");
  w.answer(Status::ok, 5s);
  w.clock.advance(5s);
  w.ask("b.test");
  EXPECT_EQ(w.ask("a.test"), "stale ok");  // too many are under way
  w.answer(Status::ok, 60s);
  w.resolver.prefetch(question("a.test"));
  std::thread failing([&] { w.answer(Status::tempfail); });
  const AnswerPtr waited = w.resolver.query(question("a.test"), Deadline(std::chrono::steady_clock::now() + 60s));
  failing.join();
  EXPECT_EQ(World::shown(*waited), "stale ok");
}

TEST(CachingResolver, DoesNotWaitItsWholeTimeWhereSomethingStaleServes) {
  Options options;
  options.timeout = 1h;
  World w(options);
  w.ask("a.test");
  w.answer(Status::ok, 5s);
  w.clock.advance(5s);
  const AnswerPtr waited = w.resolver.query(question("a.test"), Deadline(std::chrono::steady_clock::now() + 1h));
  EXPECT_EQ(World::shown(*waited), "stale ok");  // RFC 8767 5: after 1.8 s
  EXPECT_EQ(w.ask("a.test"), "stale ok");        // the next one does not wait again
  w.answer(Status::ok, 60s);
  EXPECT_EQ(w.ask("a.test"), "ok");
}

TEST(CachingResolver, RemembersLittleOfWhatIsDoubted) {
  World w;
  w.doubt = true;
  w.ask("a.test");
  w.answer(Status::nxdomain, 3600s, Trust::doubted);
  EXPECT_EQ(w.ask("a.test"), "nxdomain");
  w.doubt = false;
  EXPECT_EQ(w.ask("a.test"), "-");  // asked again as soon as it can be believed
  w.doubt = true;
  w.answer(Status::nxdomain, 3600s, Trust::doubted);
  w.clock.advance(5s);
  EXPECT_EQ(w.ask("a.test"), "-");
  w.answer(Status::ok, 5s);
  w.clock.advance(5s);
  w.ask("a.test");
  w.answer(Status::nxdomain, 3600s, Trust::doubted);  // does not drive out what was good
  w.ask("a.test");
  w.answer(Status::tempfail);
  EXPECT_EQ(w.ask("a.test"), "stale ok");
}

TEST(CachingResolver, DoesNotRememberWhatNobodyWasAsked) {
  World w;
  w.ask("a.test");
  Answer unasked;
  unasked.unasked = true;
  auto done = std::move(w.held.front().done);
  w.held.pop_front();
  done(unasked);
  EXPECT_EQ(w.ask("a.test"), "-");
  EXPECT_EQ(w.counted("dns.servfail"), 0);
}

}  // namespace
}  // namespace postern::dns
