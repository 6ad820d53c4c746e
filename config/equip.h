#pragma once

#include <memory>

#include "config/configuration.h"
#include "config/keep.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/dns/resolver.h"
#include "policy/evidence/backends.h"

namespace postern::config {

/// What is behind the checks of one configuration, and what it was made of.
struct Equipment {
  std::shared_ptr<const Backends> backends = std::make_shared<const Backends>();
  std::string made_of;                   ///< two with the same text are the same
  std::vector<std::string> directories;  ///< the same for each directory of `backends`
};

/// Makes what stands behind the checks of `configuration`, and a policy of it that has them. What `before` has of it
/// already stays: connections and caches outlive a reload that does not touch them. Connects to nothing. `dns`,
/// `clock` and `counters` outlive what is made.
Equipment equip(Configuration& configuration, const Equipment& before, const Keeping& keeping, dns::Resolver& dns,
                Clock& clock, Counters& counters);

}  // namespace postern::config
