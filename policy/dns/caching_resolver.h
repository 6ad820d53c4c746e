#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "policy/base/cache.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/dns/options.h"
#include "policy/dns/question_hash.h"
#include "policy/dns/resolver.h"
#include "policy/dns/source.h"

namespace postern::dns {

/// A Source made into a Resolver: remembers answers, lets one question serve all who ask it at the same time, and gives
/// each a deadline. Where no new answer is to be had, a good one serves past its age, `stale` (RFC 8767); one that there
/// is no such name or record never does. What it counts: dns.queries (to the source), dns.cache.hits, dns.cache.misses, dns.cache.evicted,
/// dns.single_flight (waited for somebody else's question), dns.late, dns.timeouts, dns.servfail, dns.bogus,
/// dns.stale (served past its age), dns.refused (over `outstanding`), and the gauge dns.outstanding. Thread-safe.
class CachingResolver final : public Resolver {
 public:
  /// Of `options` the ages, caps and the timeout. `clock` and `counters` outlive it; ages go by `clock`.
  CachingResolver(std::unique_ptr<Source> source, const Options& options, const Clock& clock, Counters& counters);
  /// Nobody may wait here any more.
  ~CachingResolver() override;

  void prefetch(const Question& question) override;
  AnswerPtr query(const Question& question, const Deadline& deadline) override;
  AnswerPtr query_uncached(const Question& question, const Deadline& deadline) override;
  void tick() override { source_->tick(); }
  bool in_doubt() const override { return source_->in_doubt(); }
  Health health() const override;

 private:
  struct Flight;
  struct Numbers;
  struct Entry {
    AnswerPtr answer;
    SteadyTime fresh_until, kept_until;
    AnswerPtr failure;  // the last try to get a newer one
    SteadyTime failure_until;
  };
  struct Known {
    AnswerPtr answer;  // stands; null where it has to be asked for
    AnswerPtr stale;   // serves where that fails
    bool failed_lately = false;
  };
  using Flights = std::unordered_map<Question, std::shared_ptr<Flight>, QuestionHash>;

  // The flight of a question, begun where there is none; null when too many are under way.
  std::shared_ptr<Flight> join(const Question& question, Source::Way way);
  void landed(const Question& question, Source::Way way, const std::shared_ptr<Flight>& flight, Answer answer);
  AnswerPtr wait(const Question& question, Source::Way way, const Deadline& deadline, const AnswerPtr& stale);
  Known look_up(const Question& question);
  AnswerPtr serve_stale(const AnswerPtr& answer);
  void remember(const Question& question, const AnswerPtr& answer);
  Flights& flights(Source::Way way) { return way == Source::Way::usual ? usual_ : uncached_; }

  const Options options_;
  const Clock& clock_;
  const std::unique_ptr<Numbers> count_;
  Cache<Question, Entry, QuestionHash> cache_;
  std::mutex mutex_;  // of both maps
  Flights usual_;
  Flights uncached_;
  std::atomic<std::size_t> outstanding_{0};
  std::unique_ptr<Source> source_;  // last: its questions end before what they land in
};

}  // namespace postern::dns
