#include "policy/engine/configured_check.h"

#include <algorithm>
#include <string>

namespace postern {

const ConfiguredCheck* configured_check(const Policy& policy, std::size_t index) {
  const std::string& name = policy.rules->checks()[index].name;
  const auto found = std::find_if(policy.checks.begin(), policy.checks.end(),
                                  [&](const ConfiguredCheck& c) { return c.type->name == name; });
  return found == policy.checks.end() ? nullptr : &*found;
}

}  // namespace postern
