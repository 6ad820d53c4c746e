#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/limits/limit.h"
#include "policy/rules/outcome.h"

namespace postern {

/// What `limit.NAME` may answer. It is no CheckType: what limits count belongs to the transaction, so the engine asks all
/// that are due at once (LANGUAGE 7).
std::span<const Outcome> limit_outcomes();

/// A limit whose condition does not hold, or whose key is missing.
Finding limit_off();
/// One that could not be told.
Finding limit_unavailable(std::string_view why);

/// Of several findings of one limit the one that is told: off, ok, near, unavailable, over.
std::size_t limit_gravity(const Finding& finding);
bool is_over(const Finding& finding);

/// What a limit came to.
struct LimitCount {
  const limits::Limit& limit;
  std::string_view key;
  std::span<const limits::Allowance> allow;  ///< what was demanded with
  const limits::Answer& answer;
  std::int64_t own = 0;    ///< of what is used, what this message has reserved before
  bool stands_in = false;  ///< `allow` is what holds while a directory cannot be asked
};
Finding limit_finding(const LimitCount& count, std::int64_t unix_time);

}  // namespace postern
