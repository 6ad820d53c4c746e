#pragma once

#include <optional>
#include <vector>

#include "policy/rules/evaluate.h"

namespace postern::rules {

/// What a final action means to the client (LANGUAGE 5), and to the walk.
enum class ActionClass { accept, quarantine, discard, tempfail, permfail };
ActionClass class_of(FinalAction action);
inline bool is_refusal(ActionClass c) { return c == ActionClass::tempfail || c == ActionClass::permfail; }
inline bool is_refusal(FinalAction action) { return is_refusal(class_of(action)); }

/// Whether a rule that comes to `truths` is surely unknown because of a failure under `unavailable: defer`, or true:
/// then what stands below it and is no refusal counts as 4xx. An accept never does that.
bool defers_rest(const Rule& rule, Truths truths);

/// The walk of LANGUAGE 5 over the final rules of a layer: P, and where it ended.
struct Walk {
  struct Step {
    std::size_t rule = 0;
    Truths truths = kTrue;
    ActionClass action_class = ActionClass::accept;  ///< as it counts
    bool turned = false;                             ///< it counts as 4xx because of a rule above
  };
  std::vector<Step> steps;                      ///< the rules that are not surely false
  std::optional<std::size_t> ended_by;          ///< the rule that is true; nothing: the end of the list
  ActionClass end_class = ActionClass::accept;  ///< of the end of the list, where it counts
  std::optional<std::size_t> deferring;         ///< the first rule that makes the rest count as 4xx
  std::optional<std::size_t> pending;           ///< a rule that is not settled; the walk stopped there

  bool only_refusals() const;
  bool holds(ActionClass c) const;
};

/// Walks until a rule is true, or not settled. At the end an unknown rule has exactly one kind of unknown.
Walk walk_rules(const Program& program, Evaluation& evaluation);

}  // namespace postern::rules
