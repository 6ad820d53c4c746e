#pragma once

#include "policy/base/clock.h"

namespace postern::accounts {

struct Readiness {
  bool read = false;
  bool write = false;
  bool any() const { return read || write; }
};

/// Waits until `fd` is ready for one of `wanted`, or has failed (then all of `wanted` is ready); nothing is ready when
/// `until` came first.
Readiness poll_until(int fd, Readiness wanted, SteadyTime until);

/// What remains until then, at least 1 ms, for libraries that take a number.
int milliseconds_until(SteadyTime until);

}  // namespace postern::accounts
