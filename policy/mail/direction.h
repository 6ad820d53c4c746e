#pragma once

#include <string_view>

namespace postern {

/// Which way a message goes, settled at MAIL (LANGUAGE 4).
enum class Direction {
  local,       ///< picked up on this machine
  submission,  ///< authenticated, or through a listener in `site.submission`
  relay,       ///< from a client in `site.networks`
  inbound,     ///< everything else
};
std::string_view name(Direction direction);

}  // namespace postern
