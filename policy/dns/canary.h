#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/dns/health.h"
#include "policy/dns/source.h"

namespace postern::dns {

constexpr std::chrono::seconds kCanaryEvery{60};    // local: two or three questions a minute
constexpr std::chrono::seconds kCanaryRetry{5};     // local: back to green soon (FAULTS T38: within 60 s)
constexpr std::chrono::seconds kCanaryPatience{4};  // local: a server that takes longer for this is no good

/// Asks the servers what is known beforehand: names that must exist, and a random one below the first of them that must
/// not. Its questions are fixed by the administrator: no stranger chooses one. Thread-safe.
class Canary {
 public:
  /// Sends a question past every cache; never waits.
  using Ask = std::function<void(const Question&, Source::Done)>;
  /// Is told what each round found, on any thread, under no lock of this object.
  using Heard = std::function<void(CanaryState)>;

  /// No `names`: off. `anchored`: DNSSEC is to be told of. `clock` outlives this, and this outlives every question.
  Canary(std::vector<Domain> names, bool anchored, const Clock& clock, Ask ask, Heard heard);

  /// Begins a round when it is time, and ends one that waits in vain; about once a second. Never waits.
  void tick();
  /// Something is wrong: begins a round now, but no more than one a second.
  void hurry();
  bool is_off() const { return names_.empty(); }
  /// Neither off nor green.
  bool in_doubt() const;
  /// Fills in what the canary knows.
  void report(Health& health) const;

 private:
  struct Round;
  std::shared_ptr<Round> begin(SteadyTime now);
  void send(const std::shared_ptr<Round>& round);
  void landed(const std::shared_ptr<Round>& round, std::size_t index, Answer answer);
  void conclude(std::unique_lock<std::mutex> lock, SteadyTime now);

  const std::vector<Domain> names_;
  const bool anchored_;
  const Clock& clock_;
  const Ask ask_;
  const Heard heard_;
  std::atomic<CanaryState> state_;
  mutable std::mutex mutex_;  // guards what follows
  std::string reason_;
  DnssecState dnssec_;
  std::shared_ptr<Round> round_;  // under way
  SteadyTime began_ = SteadyTime::min();
  SteadyTime due_ = SteadyTime::min();
};

}  // namespace postern::dns
