#pragma once

#include <string_view>

namespace postern {

/// The version of the program, as CMakeLists.txt has it.
constexpr std::string_view kVersion = POSTERN_VERSION;

}  // namespace postern
