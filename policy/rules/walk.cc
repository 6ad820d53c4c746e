#include "policy/rules/walk.h"

#include <algorithm>

namespace postern::rules {

ActionClass class_of(FinalAction action) {
  switch (action) {
    case FinalAction::accept: return ActionClass::accept;
    case FinalAction::quarantine: return ActionClass::quarantine;
    case FinalAction::discard: return ActionClass::discard;
    case FinalAction::defer: return ActionClass::tempfail;
    case FinalAction::reject: return ActionClass::permfail;
    case FinalAction::bounce: return ActionClass::permfail;  // LANGUAGE 2: where no notice may be sent it is reject
  }
  return ActionClass::tempfail;
}

bool defers_rest(const Rule& rule, Truths truths) {
  return rule.final != FinalAction::accept && (truths & kDeferred) != 0 && (truths & (kFalse | kSkipped)) == 0;
}

bool Walk::holds(ActionClass c) const {
  if (!ended_by && end_class == c) return true;
  return std::any_of(steps.begin(), steps.end(), [c](const Step& s) { return s.action_class == c; });
}

bool Walk::only_refusals() const {
  return !holds(ActionClass::accept) && !holds(ActionClass::quarantine) && !holds(ActionClass::discard);
}

Walk walk_rules(const Program& program, Evaluation& evaluation) {
  Walk walk;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    if (!rule.final || !evaluation.counts(i)) continue;
    const Outlook outlook = evaluation.rule(i);
    if (!is_settled(outlook)) {
      walk.pending = i;
      return walk;
    }
    const Truths truths = all_truths(outlook);
    if (truths == kFalse) continue;
    const ActionClass own = class_of(*rule.final);
    const bool turned = walk.deferring && !is_refusal(own);
    walk.steps.push_back({i, truths, turned ? ActionClass::tempfail : own, turned});
    if (truths == kTrue) {
      walk.ended_by = i;
      return walk;
    }
    if (!walk.deferring && defers_rest(rule, truths)) walk.deferring = i;
  }
  if (walk.deferring) walk.end_class = ActionClass::tempfail;
  return walk;
}

}  // namespace postern::rules
