#pragma once

#include <cstdint>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// A connected socket that does not block, for a library that would connect without a deadline. The caller's to close.
/// A name has all its addresses tried; looking it up knows no deadline.
Result<int> dial_tcp(const std::string& host, std::uint16_t port, SteadyTime until);
Result<int> dial_unix(const std::string& path, SteadyTime until);

}  // namespace postern::accounts
