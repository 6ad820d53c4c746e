#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace postern {

/// 1 to 65535, in decimal digits alone.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace postern
