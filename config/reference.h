#pragma once

#include <string>

namespace postern::config {

enum class ReferenceForm { text, json, markdown };

/// What the configuration language has in this version: sections and settings with their defaults, facts, actions,
/// checks with their outcomes, presets with their rules. Printed from the declarations that the program itself reads a
/// configuration with. `markdown` is the part of docs/configuration.md between its two marks.
std::string reference(ReferenceForm form);

}  // namespace postern::config
