#pragma once

#include <cstdint>
#include <optional>

#include "policy/checks/check.h"
#include "policy/limits/behaviour.h"

namespace postern {

/// What to think of who sends: of an account, or of the network of a client without one (docs/checks/behaviour.md).
extern const CheckType kBehaviour;

/// Whose behaviour is watched: the login's; without one, from outside, that of the client's network. Nothing for others.
std::optional<limits::Subject> watched(const Client& client, const Sender& sender, Direction direction);
/// Where and when it speaks to us.
limits::Circumstances circumstances(const Site& site, const Client& client, std::int64_t unix_time);

}  // namespace postern
