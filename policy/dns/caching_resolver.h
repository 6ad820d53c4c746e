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
/// each a deadline. What it counts: dns.queries (to the source), dns.cache.hits, dns.cache.misses, dns.cache.evicted,
/// dns.single_flight (waited for somebody else's question), dns.late, dns.timeouts, dns.servfail, dns.bogus,
/// dns.refused (over `outstanding`), and the gauge dns.outstanding. Thread-safe.
class CachingResolver final : public Resolver {
 public:
  /// Of `options` the ages, caps and the timeout. `clock` and `counters` outlive it; ages go by `clock`.
  CachingResolver(std::unique_ptr<Source> source, const Options& options, const Clock& clock, Counters& counters);
  /// Nobody may wait here any more.
  ~CachingResolver() override;

  void prefetch(const Question& question) override;
  AnswerPtr query(const Question& question, const Deadline& deadline) override;
  AnswerPtr query_uncached(const Question& question, const Deadline& deadline) override;

 private:
  struct Flight;
  struct Numbers;
  using Flights = std::unordered_map<Question, std::shared_ptr<Flight>, QuestionHash>;

  // The flight of a question, begun where there is none; null when too many are under way.
  std::shared_ptr<Flight> join(const Question& question, Source::Way way);
  void landed(const Question& question, Source::Way way, const std::shared_ptr<Flight>& flight, Answer answer);
  AnswerPtr wait(const Question& question, Source::Way way, const Deadline& deadline);
  void remember(const Question& question, const AnswerPtr& answer);
  Flights& flights(Source::Way way) { return way == Source::Way::usual ? usual_ : uncached_; }

  const Options options_;
  const Clock& clock_;
  const std::unique_ptr<Numbers> count_;
  Cache<Question, AnswerPtr, QuestionHash> cache_;
  std::mutex mutex_;  // of both maps
  Flights usual_;
  Flights uncached_;
  std::atomic<std::size_t> outstanding_{0};
  std::unique_ptr<Source> source_;  // last: its questions end before what they land in
};

}  // namespace postern::dns
