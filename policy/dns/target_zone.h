#pragma once

#include <string_view>

#include "policy/dns/domain.h"

namespace postern::dns {

/// The part of `name` by which questions are counted as one target's: about what one registrant holds. Two labels, or
/// three below a country's short second level (`co.uk`); of reverse names the network, /16 or /32. A view into `name`.
std::string_view target_zone(const Domain& name);

}  // namespace postern::dns
