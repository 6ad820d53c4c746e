#include "policy/dns/caching_resolver.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

namespace postern::dns {

namespace {

constexpr std::chrono::seconds kLeastAge{5};               // local: one message asks again within it, whatever the TTL
constexpr std::chrono::milliseconds kStalePatience{1800};  // RFC 8767 5: then what is stale serves
constexpr std::chrono::seconds kAbandonAfter{30};  // local: a source that has not answered by then is asked anew

AnswerPtr failure(std::string problem, bool late = false) {
  Answer answer;
  answer.late = late;
  answer.problem = std::move(problem);
  return std::make_shared<const Answer>(std::move(answer));
}

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

struct CachingResolver::Numbers {
  explicit Numbers(Counters& c)
      : queries(c.get("dns.queries")),
        hits(c.get("dns.cache.hits")),
        misses(c.get("dns.cache.misses")),
        evicted(c.get("dns.cache.evicted")),
        joined(c.get("dns.single_flight")),
        late(c.get("dns.late")),
        timeouts(c.get("dns.timeouts")),
        servfail(c.get("dns.servfail")),
        bogus(c.get("dns.bogus")),
        stale(c.get("dns.stale")),
        refused(c.get("dns.refused")),
        outstanding(c.get("dns.outstanding")) {}

  Counter &queries, &hits, &misses, &evicted, &joined, &late, &timeouts, &servfail, &bogus, &stale, &refused,
      &outstanding;
};

// One question under way. Deadlines are real time, so is its age.
struct CachingResolver::Flight {
  const SteadyTime started = steady_now();
  std::mutex mutex;
  std::condition_variable changed;
  AnswerPtr answer;        // once it is there
  bool timed_out = false;  // somebody waited the whole timeout
};

CachingResolver::CachingResolver(std::unique_ptr<Source> source, const Options& options, const Clock& clock,
                                 Counters& counters)
    : options_(options),
      clock_(clock),
      count_(std::make_unique<Numbers>(counters)),
      cache_(options.cache_entries),
      source_(std::move(source)) {}

CachingResolver::~CachingResolver() { source_.reset(); }

void CachingResolver::prefetch(const Question& question) {
  const Known known = look_up(question);
  if (!known.answer && !known.failed_lately) join(question, Source::Way::usual);
}

AnswerPtr CachingResolver::query(const Question& question, const Deadline& deadline) {
  const Known known = look_up(question);
  if (known.answer) {
    count_->hits.add();
    return known.answer;
  }
  if (known.failed_lately) return serve_stale(known.stale);
  count_->misses.add();
  return wait(question, Source::Way::usual, deadline, known.stale);
}

AnswerPtr CachingResolver::query_uncached(const Question& question, const Deadline& deadline) {
  return wait(question, Source::Way::uncached, deadline, nullptr);
}

CachingResolver::Known CachingResolver::look_up(const Question& question) {
  const SteadyTime now = clock_.now();
  auto entry = cache_.get(question, now);
  if (!entry) return {};
  if (entry->answer->trust == Trust::doubted && !source_->in_doubt()) return {};  // it can be asked in peace again
  if (now < entry->fresh_until) return {.answer = std::move(entry->answer), .stale = {}};
  if (!entry->failure || now >= entry->failure_until) return {.answer = {}, .stale = std::move(entry->answer)};
  if (entry->failure->status == Status::bogus) return {.answer = std::move(entry->failure), .stale = {}};
  return {.answer = {}, .stale = std::move(entry->answer), .failed_lately = true};
}

AnswerPtr CachingResolver::serve_stale(const AnswerPtr& answer) {
  count_->stale.add();
  Answer served = *answer;
  served.trust = Trust::stale;
  return std::make_shared<const Answer>(std::move(served));
}

std::shared_ptr<CachingResolver::Flight> CachingResolver::join(const Question& question, Source::Way way) {
  auto begun = std::make_shared<Flight>();
  {
    const std::lock_guard lock(mutex_);
    auto& under_way = flights(way)[question];
    if (under_way && steady_now() < under_way->started + kAbandonAfter) {
      count_->joined.add();
      return under_way;
    }
    // The answer may have landed since the cache was looked at, and its flight is gone: it is not asked for again.
    if (!under_way && way == Source::Way::usual) {
      if (Known known = look_up(question); known.answer) {
        flights(way).erase(question);
        begun->answer = std::move(known.answer);
        return begun;
      }
    }
    if (outstanding_ >= options_.outstanding) {
      count_->refused.add();
      if (!under_way) flights(way).erase(question);
      return nullptr;
    }
    ++outstanding_;
    under_way = begun;
  }
  count_->queries.add();
  count_->outstanding.add();
  source_->ask(question, way,
               [this, question, way, begun](Answer answer) { landed(question, way, begun, std::move(answer)); });
  return begun;
}

void CachingResolver::landed(const Question& question, Source::Way way, const std::shared_ptr<Flight>& flight,
                             Answer answer) {
  if (answer.status == Status::tempfail && !answer.unasked) count_->servfail.add();
  if (answer.status == Status::bogus) count_->bogus.add();
  answer.late = false;
  const auto shared = std::make_shared<const Answer>(std::move(answer));
  {
    const std::lock_guard lock(flight->mutex);
    flight->answer = shared;
    const bool news = way == Source::Way::usual || shared->status != Status::tempfail;
    if (news && !shared->unasked) remember(question, shared);
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = flights(way).find(question);
    if (found != flights(way).end() && found->second == flight) flights(way).erase(found);
  }
  --outstanding_;
  count_->outstanding.add(-1);
  flight->changed.notify_all();
}

AnswerPtr CachingResolver::wait(const Question& question, Source::Way way, const Deadline& deadline,
                                const AnswerPtr& stale) {
  const auto flight = join(question, way);
  if (!flight) return stale ? serve_stale(stale) : failure("too many DNS questions under way");
  const std::chrono::milliseconds patience = stale ? std::min(options_.timeout, kStalePatience) : options_.timeout;
  const SteadyTime until = flight->started + patience;
  std::unique_lock lock(flight->mutex);
  if (deadline.no_later_than(until).wait(lock, flight->changed, [&] { return flight->answer != nullptr; }))
    return stale && flight->answer->status == Status::tempfail ? serve_stale(stale) : flight->answer;
  if (steady_now() < until) {
    count_->late.add();
    return failure("no answer yet", true);
  }
  const AnswerPtr timed_out = failure("no answer in time");
  if (!std::exchange(flight->timed_out, true)) {
    count_->timeouts.add();
    if (way == Source::Way::usual)
      remember(question, timed_out);  // the real answer overwrites it, should it still come
  }
  return stale ? serve_stale(stale) : timed_out;
}

void CachingResolver::remember(const Question& question, const AnswerPtr& answer) {
  const SteadyTime now = clock_.now();
  std::chrono::seconds age = options_.failure_age;
  bool failed = false;
  switch (answer->status) {
    case Status::ok: age = std::max(answer->ttl, kLeastAge); break;
    case Status::nodata:
    case Status::nxdomain: age = std::max(answer->ttl, options_.least_negative_age); break;
    case Status::tempfail:
    case Status::bogus: failed = true; break;
  }
  const bool doubted = answer->trust == Trust::doubted;
  if (doubted) age = std::min(age, options_.failure_age);
  const SteadyTime fresh_until = now + std::min(age, options_.most_age);
  if (failed || doubted) {  // what is good stays, to serve when it is stale
    auto entry = cache_.get(question, now);
    if (entry && entry->kept_until > entry->fresh_until) {
      if (failed) {
        entry->failure = answer;
        entry->failure_until = fresh_until;
        cache_.put(question, *entry, entry->kept_until);
      }
      return;
    }
  }
  const bool may_serve_stale = answer->status == Status::ok && !doubted;
  const SteadyTime kept_until = fresh_until + (may_serve_stale ? options_.stale_age : std::chrono::seconds(0));
  const Entry entry{
      .answer = answer, .fresh_until = fresh_until, .kept_until = kept_until, .failure = {}, .failure_until = {}};
  if (cache_.put(question, entry, kept_until)) count_->evicted.add();
}

Health CachingResolver::health() const {
  Health health = source_->health();
  health.remembered = cache_.size();
  return health;
}

}  // namespace postern::dns
