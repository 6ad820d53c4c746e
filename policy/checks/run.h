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

/// Runs a check for one message, waiting until `caller`, but no longer than the check's own `timeout` counted from
/// `started`, the moment it was first run.
///
/// Nothing: the caller's time was over first, and the answer may still come; run it again. What is not known when the
/// check's own time is over is its failure outcome, for good; so is an exception. `dns` is the check's own view, the
/// same in every run; `counters` may be null. Thread-safe for different views.
std::optional<Finding> run_check(const ConfiguredCheck& check, const MailFacts& mail, const Site& site,
                                 dns::MessageResolver::View& dns, const Deadline& caller, SteadyTime started,
                                 std::int64_t unix_time, const Clock& clock, Counters* counters = nullptr);

/// The outcome that says "could not be done": the first one marked so.
const Outcome& failure_outcome(const CheckType& type);

}  // namespace postern
