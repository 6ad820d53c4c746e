#include "policy/checks/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace postern {

const Outcome& failure_outcome(const CheckType& type) {
  return *std::find_if(type.outcomes.begin(), type.outcomes.end(),
                       [](const Outcome& o) { return o.failure == Failure::yes; });
}

std::optional<Finding> run_check(const ConfiguredCheck& check, const MailFacts& mail, const Surroundings& around,
                                 dns::MessageResolver::View& dns, const Deadline& caller, SteadyTime started) {
  const SteadyTime end = started + check.timeout;
  bool late = false;
  const Context context{.mail = mail,
                        .site = around.site,
                        .backends = around.backends,
                        .dns = dns,
                        .deadline = caller.no_later_than(end),
                        .unix_time = around.unix_time,
                        .counters = around.counters,
                        .may_probe = around.may_probe,
                        .late = &late};
  dns.new_run();
  try {
    Finding finding = check.check->run(context);
    const bool later = finding.outcome->failure == Failure::yes && (dns.was_late() || late);
    if (later && around.clock.now() < end) return std::nullopt;
    return finding;
  } catch (const std::exception& e) {
    return Finding{&failure_outcome(*check.type), fmt::format("internal error: {}", e.what())};
  } catch (...) {
    return Finding{&failure_outcome(*check.type), "internal error"};
  }
}

}  // namespace postern
