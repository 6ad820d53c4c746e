#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/mail/reply.h"
#include "policy/rules/known.h"
#include "policy/rules/rule_set.h"

namespace postern::rules {

/// Which rules count: those in force, or also the monitored ones (LANGUAGE 5, monitor).
enum class Layer { enforced, shadow };

/// An effect of a rule without, or beside, a final action, rendered.
struct Effect {
  enum class Kind { add_header, tag, log, notify, freeze };
  Kind kind;
  std::size_t rule;   ///< index into RuleSet::rules()
  std::string name;   ///< header name, tag, whom to notify
  std::string value;  ///< header value, log text, seconds of freeze
};

/// The one decision that a rule set makes of what is known.
struct Decision {
  FinalAction action = FinalAction::accept;
  /// of defer and reject (and of bounce, should it not be possible); without the decision id
  std::optional<Reply> reply;
  /// the rule that is named; nothing: the end of the list, or a failed check set to defer
  std::optional<std::size_t> rule;
  std::string text;       ///< of quarantine: the reason; of discard: its text if it has one
  bool softened = false;  ///< a 5xx, discard or notice that became 451 since an answer that failed could have spared it
  bool scoped = false;    ///< at a recipient: some rule it rests on reads a fact of that one
  std::optional<Split> split;        ///< of the deciding rule, when it says one
  std::vector<std::string> matched;  ///< names of the rules found true on the way, in order
  /// "check", or "check:rule": what could not be had and whose absence was lived with
  std::vector<std::string> degraded;
  std::vector<Effect> effects;  ///< at the end only, and only of what is let through; log, notify and freeze always
  std::vector<std::string> tags;
  std::int64_t score = 0;
};

/// What decide() answers (LANGUAGE 5).
struct Verdict {
  enum class Kind {
    certain,  ///< every possible rest of the story ends like `decision`; before the end this is always a refusal
    open,     ///< not yet, and no check of this stage can change that now
    needs,    ///< ask for check number `check` and call again
  };
  Kind kind = Kind::open;
  Decision decision;
  std::size_t check = 0;
};

/// Decides. Pure: the same rules and the same knowledge give the same verdict, always.
///
/// Each condition is the set of what it may still be at the end (true, false, unknown under skip, unknown under defer):
/// a fact of a later stage may become anything, a failed one stays unknown. Facts are taken as independent of each
/// other, which only ever makes decide() more careful. Before the end it asks as long as a refusal could become certain
/// now; at the end it asks until the walk is over, and for the effects of what is let through. Once the decision stands
/// it asks for what its words depend on.
///
/// `stage` is the stage at hand; `Stage::end` is the end, where the verdict is `certain` or `needs`, never `open`.
/// At the end no fact is `later` any more; a check that still is counts as failed.
Verdict decide(const RuleSet& rules, const Known& known, Stage stage, Layer layer);

class Evaluation;

/// decide() for one who asks on the way: what is settled by what is known is not worked out again after an answer.
/// Between two calls `known` may change only by what was asked for. All outlive this.
class Deciding {
 public:
  Deciding(const RuleSet& rules, const Known& known, Stage stage, Layer layer);
  ~Deciding();

  /// What decide() would answer now.
  Verdict verdict();

 private:
  const RuleSet& rules_;
  const Known& known_;
  const Stage stage_;
  const Layer layer_;
  const std::unique_ptr<Evaluation> evaluation_;
};

/// What decides whether a limit counts, and under which key, as far as it is known (LANGUAGE 7).
struct LimitState {
  enum class Kind {
    counts,   ///< its condition holds
    off,      ///< it does not, or a part of the key is missing
    unknown,  ///< a lookup failed
    later,    ///< belongs to a later stage
    needs,    ///< ask for check number `check` and call again
  };
  Kind kind = Kind::later;
  std::size_t check = 0;
  std::vector<std::string> key = {};                   ///< of `counts`: one text a fact of `per:`, folded
  std::vector<std::optional<std::string>> allow = {};  ///< the same of LimitInfo::allow; nothing: absent
  bool stands_in = false;                              ///< one of `allow` is absent since it could not be had
};
/// Of each of `limits`, indexes into RuleSet::limits(). Pure.
std::vector<LimitState> limit_states(const RuleSet& rules, const Known& known, std::span<const std::size_t> limits,
                                     Stage stage);

/// One recipient's profile (LANGUAGE 6): the truth values ('t', 'f', 'u') of its scoped conditions in the final rules
/// in force that are still open; '/' begins a rule, '-' stands for what makes no difference any more. A rule that names
/// another split than retry has no part in it. Checks that are askable are asked for first: `needs` names one.
/// Recipients with unlike profiles are sent apart; compare profiles of one and the same moment of the message only,
/// since what is open depends on what is known of it.
struct Profile {
  std::optional<std::size_t> needs;
  std::string values;
};
Profile profile(const RuleSet& rules, const Known& known, Stage stage);

/// A text with its `{fact}` filled in from what is known; `-` for what is not known yet, `{{` a brace.
std::string known_value_text(const FactState& state);

}  // namespace postern::rules
