#pragma once

#include <functional>

#include "policy/accounts/callout/route.h"
#include "policy/base/stream.h"

namespace postern::callout {

/// How a target is connected to: dial(), or what a test puts in its place.
using Dial = std::function<Connection(const Target& target, SteadyTime until, const Interrupt* interrupt)>;

inline Connection dial(const Target& target, SteadyTime until, const Interrupt* interrupt) {
  return Stream::connect(target.address, target.port, until, interrupt);
}

}  // namespace postern::callout
