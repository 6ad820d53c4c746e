#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "milter/gate.h"
#include "policy/dns/zone_resolver.h"
#include "tests/session/dialogue.h"
#include "tests/session/script.h"

namespace postern::session {

/// Where sessions are held: the real callbacks with all that stands behind them, over the double of libmilter. There is
/// one at a time, for libmilter gives the callbacks no other way.
class Stage {
 public:
  /// `evidence_threads`: of the pool that asks DNS early.
  explicit Stage(std::size_t evidence_threads);
  ~Stage();

  const std::vector<TestPolicy>& policies() const { return policies_; }

  /// From now on sessions are held in this weather; none is open. `left_out` names protections that are off.
  void set(const Weather& weather, const std::set<std::string, std::less<>>& left_out = {});

  /// Holds the sessions, callbacks of all of them in between each other, on `threads` threads; each session moves from
  /// thread to thread. With one thread the policy in force is changed as the scripts say, else it is that of the first
  /// line. What differs from the scripts, or breaks a law, in words; one text for each session that fails.
  std::vector<std::string> hold(const std::vector<Script>& scripts, unsigned threads,
                                Tampering tampering = Tampering::none);

  /// Holds one session under one policy as an MTA does, which goes on to the next message, or ends, where it is refused.
  /// The decisions that it came to.
  std::vector<std::string> hold_alone(std::span<const Event> events, std::size_t in_force);

  /// What the counters have counted, and how many decision lines of each action the log has, since the last set().
  std::map<std::string, std::int64_t> counters() const { return counters_->snapshot(); }
  std::map<std::string, std::int64_t> logged();

  /// Nothing is left open and the pool is at rest.
  void settle();

 private:
  void swap_to(std::size_t policy);

  const std::vector<TestPolicy> policies_;
  SystemClock clock_;
  std::unique_ptr<dns::ZoneResolver> zone_;
  std::vector<std::string> lines_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Counters> counters_;
  std::unique_ptr<Pool> pool_;
  const std::size_t evidence_threads_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<PolicyInForce> in_force_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Gate> gate_;
  int edits_until_failure_ = -1;
  std::size_t now_in_force_ = 0;
};

}  // namespace postern::session
