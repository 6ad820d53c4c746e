#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::house {

/// What a source of the product breaks of the order of layers and of the doors of outside libraries
/// (docs/architecture.md), one line each.
std::vector<std::string> broken_includes(std::string_view path, std::string_view text);

}  // namespace postern::house
