#pragma once

#include <cstddef>

#include "policy/engine/policy.h"

namespace postern {

/// Check `index` of the policy's rule set, as it is configured; null where the policy has none of that name.
const ConfiguredCheck* configured_check(const Policy& policy, std::size_t index);

}  // namespace postern
