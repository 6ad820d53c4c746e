#include "policy/checks/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace postern {

const Outcome& failure_outcome(const CheckType& type) {
  return *std::find_if(type.outcomes.begin(), type.outcomes.end(),
                       [](const Outcome& o) { return o.failure == Failure::yes; });
}

std::optional<Run> run_check(const ConfiguredCheck& check, const MailFacts& mail, const Surroundings& around,
                             dns::MessageResolver::View& dns, const Deadline& caller, SteadyTime started) {
  const SteadyTime end = started + check.timeout;
  bool late = false;
  dns::Trust trust = dns::Trust::local;
  const Context context{.mail = mail,
                        .site = around.site,
                        .backends = around.backends,
                        .dns = dns,
                        .deadline = caller.no_later_than(end),
                        .unix_time = around.unix_time,
                        .counters = around.counters,
                        .may_probe = around.may_probe,
                        .late = &late,
                        .evidence = around.evidence,
                        .signing = around.signing,
                        .trust = &trust};
  dns.new_run();
  try {
    Finding finding = check.check->run(context);
    const bool later = finding.outcome->failure == Failure::yes && (dns.was_late() || late);
    if (later && around.clock.now() < end) return std::nullopt;
    return Run{std::move(finding), std::max(trust, dns.trust())};
  } catch (const std::exception& e) {
    return Run{{&failure_outcome(*check.type), fmt::format("internal error: {}", e.what())}, dns.trust()};
  } catch (...) {
    return Run{{&failure_outcome(*check.type), "internal error"}, dns.trust()};
  }
}

}  // namespace postern
