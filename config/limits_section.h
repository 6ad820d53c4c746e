#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/base/settings.h"
#include "policy/engine/policy.h"
#include "policy/limits/limit.h"
#include "policy/rules/rule_set.h"

namespace postern::config {

/// `limits:`, as the engine and as the rules have them: one of `sources` for each of `limits`. Points into the section.
struct LimitsRead {
  std::vector<limits::Limit> limits;
  std::vector<rules::LimitSource> sources;
  std::vector<std::shared_ptr<limits::OverrideFile>> files;  ///< to be refreshed from time to time
};
/// Mistakes go to `problems`. Relative paths are taken from `folder`. The section outlives what is answered.
LimitsRead read_limits(const Node* section, const std::string& folder, const rules::Lists& lists, Problems& problems);

/// The rules know by now when each limit is due; an error where that is too late for what it counts.
void check_when_due(const Policy& policy, const std::vector<rules::LimitSource>& sources, Problems& problems);

/// What a limit takes, as documentation prints it.
std::vector<Settings::Asked> limit_settings();

}  // namespace postern::config
