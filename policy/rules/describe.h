#pragma once

#include <vector>

#include "policy/rules/program.h"

namespace postern::rules {

/// Facts and checks that the texts of one rule read.
struct TextReads {
  std::vector<std::size_t> facts;
  std::vector<std::size_t> checks;
};

/// Fills in what the outside wants to know of a program whose rules and limits are compiled: infos, reads, which rules
/// are scoped, and when limits are due. `texts` has one entry a rule. Answers the limits that rest on a limit, by
/// their conditions or the tags they read.
std::vector<std::size_t> describe_rules(Program& program, const std::vector<TextReads>& texts);

}  // namespace postern::rules
