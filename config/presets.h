#pragma once

#include <span>
#include <string_view>

namespace postern::config {

/// A rule file that is built into the program.
struct Preset {
  std::string_view name;  ///< "presets/inbound.yaml", as `include:` names it
  std::string_view text;
};

/// All of them, in the order of the alphabet. Made from config/presets/*.yaml by the build.
std::span<const Preset> presets();
/// The one of that name, or nullptr.
const Preset* find_preset(std::string_view name);

}  // namespace postern::config
