#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/breaker.h"
#include "policy/dns/canary.h"
#include "policy/dns/options.h"
#include "policy/dns/source.h"

namespace postern::dns {

/// A Source before which a circuit breaker stands, a canary, and a cap on the questions of each target zone, so that
/// dead servers cost nobody his time and we are nobody's amplifier (FAULTS T38, T44). A question that it does not pass
/// on is answered `tempfail`, `unasked`. While the canary is in doubt the usual way is the uncached one: nothing of a bad
/// time is to stay. Counts dns.breaker.opened, dns.breaker.refused, dns.zone_refused, dns.canary.rounds and
/// dns.canary.failed. Thread-safe.
class GuardedSource final : public Source {
 public:
  /// Of `options` canary, trust_anchor, breaker and zone_outstanding. `clock` and `counters` outlive it.
  GuardedSource(std::unique_ptr<Source> inner, const Options& options, const Clock& clock, Counters& counters);
  ~GuardedSource() override;

  void ask(const Question& question, Way way, Done done) override;
  void tick() override;
  bool in_doubt() const override { return canary_.in_doubt(); }
  Health health() const override;

 private:
  struct Asked {
    std::string zone;
    SteadyTime at;
  };
  struct Numbers;

  // The number of a question that may be sent; 0 where its zone has too many.
  std::uint64_t enter(std::string_view zone, SteadyTime now);
  // It is no longer under way; its zone.
  std::string leave(std::uint64_t id);
  void landed(std::uint64_t id, Answer& answer);
  void count_overdue(SteadyTime now);
  void failed(std::string_view zone, SteadyTime now);
  void open_breaker(SteadyTime now);
  void heard(CanaryState state);

  const std::size_t zone_outstanding_;
  const Clock& clock_;
  const std::unique_ptr<Numbers> count_;
  Breaker breaker_;
  Canary canary_;
  std::mutex mutex_;                      // guards what follows, but closing_ and inner_
  std::map<std::uint64_t, Asked> asked_;  // under way, in the order they were sent
  std::map<std::string, std::size_t, std::less<>> zones_;
  std::atomic<bool> closing_{false};  // then nobody is asked any more: the one to ask is ending
  std::uint64_t last_ = 0;
  std::uint64_t overdue_ = 0;      // what was sent before and up to this one has been looked at
  std::unique_ptr<Source> inner_;  // last: its questions end before what they land in
};

}  // namespace postern::dns
