#include "policy/accounts/guard/guarded_source.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::chrono::milliseconds kStalePatience{1000};  // local: then what is stale serves
constexpr std::size_t kMostProblemBytes = 500;             // local: a server's own words may be long

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

// No login and no address has a control character (RFC 5321 4.1.2 with RFC 6531 3.3).
bool is_possible(std::string_view key) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return key.size() <= kMostKeyBytes && std::none_of(key.begin(), key.end(), control) &&
         (is_ascii(key) || replace_invalid_utf8(key) == key);
}

std::size_t bytes_of(const Row& row) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : row.fields) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

struct GuardedSource::Numbers {
  explicit Numbers(Counters& c)
      : queries(c.get("accounts.queries")),
        hits(c.get("accounts.cache.hits")),
        misses(c.get("accounts.cache.misses")),
        evicted(c.get("accounts.cache.evicted")),
        joined(c.get("accounts.single_flight")),
        failed(c.get("accounts.failed")),
        late(c.get("accounts.late")),
        timeouts(c.get("accounts.timeouts")),
        stale(c.get("accounts.stale")),
        refused(c.get("accounts.refused")),
        impossible(c.get("accounts.impossible_keys")),
        rows_cut(c.get("accounts.rows_cut")),
        opened(c.get("accounts.breaker.opened")),
        not_admitted(c.get("accounts.breaker.refused")) {}

  Counter &queries, &hits, &misses, &evicted, &joined, &failed, &late, &timeouts, &stale, &refused, &impossible,
      &rows_cut, &opened, &not_admitted;
};

// One question under way. Deadlines are real time, so is its age.
struct GuardedSource::Flight {
  explicit Flight(std::chrono::milliseconds timeout) : until(steady_now() + timeout) {}

  const SteadyTime until;
  std::mutex mutex;
  std::condition_variable changed;
  Shared reply;            // once it is there
  bool timed_out = false;  // somebody waited the whole time
};

GuardedSource::GuardedSource(std::shared_ptr<const Connector> connector, const GuardOptions& options,
                             const Clock& clock, Counters& counters)
    : connector_(std::move(connector)),
      options_(options),
      clock_(clock),
      count_(std::make_unique<Numbers>(counters)),
      breaker_(options.breaker),
      cache_(options),
      connections_(
          std::make_unique<Connections>(connector_, std::min(options.connections, kMostConnections), options.queue)) {}

GuardedSource::~GuardedSource() { connections_.reset(); }

Reply GuardedSource::find(const Question& question, const Deadline& deadline) {
  if (!has(question.lookup)) return Reply::failed("is never asked such a thing");
  const ReplyCache::Known known = cache_.find(question, clock_.now());
  if (known.fresh) {
    count_->hits.add();
    Reply reply = *known.fresh;
    reply.age = known.age;
    return reply;
  }
  if (!is_possible(question.key)) {
    count_->impossible.add();
    return Reply::absent();
  }
  if (known.failed_lately) return serve_stale(known);
  count_->misses.add();
  return wait(question, deadline, known);
}

Reply GuardedSource::serve_stale(const ReplyCache::Known& known) {
  count_->stale.add();
  Reply reply = *known.stale;
  reply.stale = true;
  reply.age = known.age;
  return reply;
}

std::shared_ptr<GuardedSource::Flight> GuardedSource::join(const Question& question, std::string& why) {
  auto begun = std::make_shared<Flight>(options_.timeout);
  {
    const std::lock_guard lock(mutex_);
    auto& under_way = flights_[question];
    if (under_way) {
      count_->joined.add();
      return under_way;
    }
    if (!breaker_.admits(clock_.now())) {
      flights_.erase(question);
      count_->not_admitted.add();
      why = problem_;
      return nullptr;
    }
    under_way = begun;
  }
  const bool taken = connections_->ask(question, begun->until, [this, question, begun](Reply reply, bool answers) {
    landed(question, begun, std::move(reply), answers);
  });
  if (taken) {
    count_->queries.add();
    ++asked_;
    return begun;
  }
  count_->refused.add();  // says nothing of the back end, and is not remembered
  end(question, begun, std::make_shared<const Reply>(Reply::failed("too many questions wait")));
  return begun;
}

void GuardedSource::landed(const Question& question, const std::shared_ptr<Flight>& flight, Reply reply, bool answers) {
  bound(reply);
  const auto shared = std::make_shared<const Reply>(std::move(reply));
  note(question, *shared, answers);
  remember(question, shared);
  end(question, flight, shared);
}

void GuardedSource::end(const Question& question, const std::shared_ptr<Flight>& flight, const Shared& reply) {
  {
    const std::lock_guard lock(flight->mutex);
    flight->reply = reply;
  }
  {
    const std::lock_guard lock(mutex_);
    flights_.erase(question);
  }
  flight->changed.notify_all();
}

Reply GuardedSource::wait(const Question& question, const Deadline& deadline, const ReplyCache::Known& known) {
  std::string why;
  const auto flight = join(question, why);
  if (!flight) return known.stale ? serve_stale(known) : Reply::failed(why);
  SteadyTime until = flight->until;
  if (known.stale) until = std::min(until, steady_now() + kStalePatience);
  std::unique_lock lock(flight->mutex);
  if (deadline.no_later_than(until).wait(lock, flight->changed, [&] { return flight->reply != nullptr; }))
    return known.stale && flight->reply->status == Reply::Status::failed ? serve_stale(known) : *flight->reply;
  if (known.stale) return serve_stale(known);
  Reply reply = Reply::failed("no answer in time");
  if (steady_now() < flight->until) {
    count_->late.add();
    reply.late = true;
  } else if (!std::exchange(flight->timed_out, true)) {
    count_->timeouts.add();
    blame(question);  // a library may overrun its time: looking up a host's name knows none
    remember(question, std::make_shared<const Reply>(reply));  // the answer overwrites it, should it still come
  }
  return reply;
}

void GuardedSource::remember(const Question& question, const Shared& reply) {
  const auto evicted = cache_.put(question, reply, clock_.now());
  if (evicted > 0) count_->evicted.add(static_cast<std::int64_t>(evicted));
}

void GuardedSource::note(const Question& question, const Reply& reply, bool answers) {
  const bool failed = reply.status == Reply::Status::failed;
  if (failed) {
    count_->failed.add();
    ++failed_;
  }
  {
    const std::lock_guard lock(mutex_);
    problem_ = reply.problem;
  }
  if (answers)
    breaker_.succeeded();
  else
    blame(question);
}

void GuardedSource::blame(const Question& question) {
  const SteadyTime now = clock_.now();
  if (breaker_.failed(question.key, now) && breaker_.open(now)) count_->opened.add();
}

void GuardedSource::bound(Reply& reply) {
  if (reply.problem.size() > kMostProblemBytes) reply.problem.resize(kMostProblemBytes);
  std::size_t rows = 0;
  for (std::size_t bytes = 0; rows < reply.rows.size() && rows < kMostRows; ++rows) {
    bytes += bytes_of(reply.rows[rows]);
    if (bytes > kMostRowBytes) break;
  }
  if (rows == reply.rows.size()) return;
  if (rows == 0) {
    reply = Reply::failed("the answer is too large");
    return;
  }
  count_->rows_cut.add(static_cast<std::int64_t>(reply.rows.size() - rows));
  reply.rows.resize(rows);
}

std::string GuardedSource::trouble() const {
  const GuardHealth now = health();
  return now.open ? now.problem : std::string();
}

GuardHealth GuardedSource::health() const {
  GuardHealth health;
  health.open = breaker_.is_open();
  health.connections = connections_->open();
  health.waiting = connections_->waiting();
  health.remembered = cache_.size();
  health.asked = asked_;
  health.failed = failed_;
  const std::lock_guard lock(mutex_);
  health.problem = problem_;
  return health;
}

}  // namespace postern::accounts
