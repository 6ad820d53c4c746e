#pragma once

#include <vector>

#include "policy/rules/program.h"

namespace postern::rules {

/// Facts and checks that the texts of one rule read.
struct TextReads {
  std::vector<std::size_t> facts;
  std::vector<std::size_t> checks;
};

/// Fills in what the outside wants to know of a program whose rules are compiled: infos, reads, and which rules are
/// scoped. `texts` has one entry a rule.
void describe_rules(Program& program, const std::vector<TextReads>& texts);

}  // namespace postern::rules
