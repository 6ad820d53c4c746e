#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/settings.h"

namespace postern::config {

/// The settings of a section, or of a check.
struct SettingsOf {
  std::string name;  ///< "dns", "checks.iprev"; empty for the sections of one value
  std::string doc;
  std::vector<Settings::Asked> settings;
};

/// Every section that has settings of its own, in the order of the language.
std::vector<SettingsOf> section_settings();
/// Every kind of directory of `accounts:`, as "accounts[file]".
std::vector<SettingsOf> directory_settings();
/// Every check that has settings of its own, in the order of the alphabet.
std::vector<SettingsOf> check_settings();

/// A rule file that is built in, and its rules in order.
struct PresetRules {
  std::string_view file;
  std::vector<std::string> rules;  ///< "inbound/null-mx"
};
std::vector<PresetRules> preset_rules();

}  // namespace postern::config
