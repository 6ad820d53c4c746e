#pragma once

#include <cstdint>
#include <optional>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/checks/registry.h"
#include "policy/dns/message_resolver.h"
#include "policy/evidence/context.h"

namespace postern {

/// Where a check runs: what is the same for every message, or for every check of one.
struct Surroundings {
  const Site& site;
  const Backends& backends;
  const Clock& clock;
  std::int64_t unix_time = 0;
  Counters* counters = nullptr;  ///< null: nobody counts
  bool may_probe = false;
  const Evidence* evidence = nullptr;  ///< of the message; null where no check asks for it
  const Signing* signing = nullptr;    ///< null: nothing is signed
};

/// Runs a check for one message, waiting until `caller`, but no longer than the check's own `timeout` counted from
/// `started`, the moment it was first run.
///
/// Nothing: the caller's time was over first, and the answer may still come; run it again. What is not known when the
/// check's own time is over is its failure outcome, for good; so is an exception. `dns` is the check's own view, the
/// same in every run. Thread-safe for different views.
struct Run {
  Finding finding;
  dns::Trust trust;  ///< of the least reliable DNS answer that it rests on; `local` where it asked for none
};
std::optional<Run> run_check(const ConfiguredCheck& check, const MailFacts& mail, const Surroundings& around,
                             dns::MessageResolver::View& dns, const Deadline& caller, SteadyTime started);

/// The outcome that says "could not be done": the first one marked so.
const Outcome& failure_outcome(const CheckType& type);

}  // namespace postern
