#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/log.h"
#include "policy/engine/policy.h"

namespace postern {

/// What `postern limits` and `postern account` ask the daemon: one JSON object with "command" and what that takes.
///
///     limits show     key               limits top      limit, most
///     limits reset    limit, key        limits predict  key, amount
///     account freeze  login, seconds, why        account release  login        account show  login
///
/// An empty limit means all of them, an empty login all that are frozen. Answers {"ok":true,…}, or {"ok":false,"error":…};
/// empty for what is no such request. `account freeze` answers "stopped": false, too, where no rule that counts asks
/// whether `behaviour is frozen`, so that it stops nobody. What changes something is told by an event `account` or `limits`.
std::string answer_request(std::string_view request, const Policy& policy, const Clock& clock, Log& log);

}  // namespace postern
