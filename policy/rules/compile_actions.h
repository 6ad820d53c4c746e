#pragma once

#include <string>
#include <vector>

#include "policy/rules/names.h"
#include "policy/rules/program.h"
#include "policy/rules/rule_reader.h"

namespace postern::rules {

/// Another rule or group, by the name that a rule gives.
struct SkipTarget {
  std::string name;
  Place where;
};

/// What the keys of a rule ask for besides its condition.
struct RuleActions {
  std::vector<SkipTarget> skip;
  std::vector<std::string> names;  ///< every action, those of later versions among them
  std::vector<std::size_t> facts;  ///< read by its texts
  std::vector<std::size_t> checks;
};

/// Compiles the keys of `draft` but `when` into `rule` (LANGUAGE 1 and 2). Mistakes go to `problems`.
RuleActions compile_actions(const DraftRule& draft, Rule& rule, Names& names, Problems& problems);

}  // namespace postern::rules
