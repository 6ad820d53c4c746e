#pragma once

#include <string>

namespace postern::config {

enum class ReferenceForm { text, json };

/// What the configuration language has in this version: sections and settings with their defaults, facts, actions, checks with their
/// outcomes, presets with their rules. Printed from the declarations that the program itself reads a configuration with.
std::string reference(ReferenceForm form);

}  // namespace postern::config
