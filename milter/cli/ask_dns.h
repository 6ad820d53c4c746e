#pragma once

#include <memory>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/result.h"
#include "policy/dns/resolver.h"

namespace postern::cli {

/// Who answers a command's questions: the zone file alone, or, without one, the DNS servers of /etc/resolv.conf. Both
/// references outlive it. The Error's message says where in the file it is.
Result<std::unique_ptr<dns::Resolver>> ask_dns(const std::string& zone, const Clock& clock, Counters& counters);

}  // namespace postern::cli
