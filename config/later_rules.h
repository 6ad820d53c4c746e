#pragma once

#include <span>
#include <string>

namespace postern::config {

/// Rules of the presets that come in a later version, as `skip` and `change` name them ("inbound/greylist"). Other
/// people's configurations name them already; compile() tells them so.
std::span<const std::string> later_rules();

}  // namespace postern::config
