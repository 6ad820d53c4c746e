#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/rules/decide.h"
#include "policy/rules/program.h"
#include "policy/rules/truth.h"

namespace postern::rules {

/// What failed and leaves a condition unknown.
struct Lack {
  std::string name;  ///< a check or a list
  bool defers = false;
};

/// The outcome whose reply a rule may use, or the check to ask before that can be told; neither: there is none.
struct Telling {
  const Outcome* outcome = nullptr;
  const Finding* finding = nullptr;  ///< that has this outcome; null where the check never answered
  std::optional<std::size_t> pending;

  bool found() const { return outcome != nullptr || pending.has_value(); }
};

/// What the rules of a program come to by what is known at one moment; each is worked out once.
class Evaluation {
 public:
  /// Facts of one recipient as they are, or as if none were known yet: to see what rests on them.
  enum class Sight { full, blind_to_recipient };
  Evaluation(const Program& program, const Known& known, Stage stage, Layer layer, Sight sight = Sight::full);

  /// After an answer: what was not settled without it is worked out again. What was stays, since an answer only takes
  /// away from what a condition may come to.
  void forget_what_is_open();

  /// The whole condition of a rule: its groups, its `when`, and not what skips it.
  Outlook rule(std::size_t index);
  /// The leftmost check that has not been asked for and on which rule(index) depends; nothing where rule(index) is
  /// settled.
  std::optional<std::size_t> pending(std::size_t index);
  /// What failed and leaves rule(index) unknown, from left to right, each once. `unasked`, where given, becomes a check
  /// that can be asked and might be among them.
  std::vector<Lack> lacks(std::size_t index, std::optional<std::size_t>* unasked = nullptr);
  /// The outcome of the leftmost `is` that makes rule(index) true and has a reply of its own. A check that stands
  /// further left and can be asked goes first: the words of a reply must not depend on which answers happen to be
  /// there.
  Telling telling(std::size_t index);
  /// Appends a letter for each part of rule(index) that rests on one recipient's facts alone; '-' where `blind` knows
  /// already that it makes no difference. `needs` becomes the first check to ask for.
  void append_profile(std::size_t index, Evaluation& blind, std::string& values, std::optional<std::size_t>& needs);

  /// Whether rule(index), which is true, ends the message by findings that hold only for now (Finding::only_for_now): were they
  /// others, it might not be true, or a rule above might spare the message.
  bool ends_for_now(std::size_t index);

  /// A condition that belongs to no rule, and the check to ask before it is settled.
  Outlook condition(const Expression& e) { return expression(e); }
  std::optional<std::size_t> pending_condition(const Expression& e) { return pending_in(e); }

  /// Whether a rule counts in this layer and is not off by its `until`.
  bool counts(std::size_t index) const;

 private:
  Outlook group(std::size_t index);
  Outlook expression(const Expression& e);
  Outlook check(const Expression& e) const;
  /// What a condition comes to that hangs on a check which has no finding: `state` says how so. `on_failure` is what it
  /// is should the check fail.
  Outlook unfound(CheckState::Kind state, Truths on_failure, Truths unknown) const;
  Outlook comparison(const Expression& e);
  Outlook made_comparison(const Expression& e);
  Outlook quantified(const Expression& e);
  Outlook tagged(const Expression& e);
  Outlook scored(const Expression& e);
  /// What is known of a fact here, in place: values may be large.
  struct FactView {
    FactState::Kind kind = FactState::Kind::later;
    std::span<const Value> values;
  };
  FactView fact_view(std::size_t index);
  std::optional<Outlook> unfound_fact(const Expression& e);
  Outlook& of_rule(std::size_t index) { return settled_[index]; }
  Outlook& of_group(std::size_t index) { return settled_[program_.rules.size() + index]; }
  Outlook& of_comparison(std::size_t number) {
    return settled_[program_.rules.size() + program_.groups.size() + number];
  }
  bool is_scoped(const Expression& e) const;
  bool is_scoped_alone(const Expression& e, bool& any) const;

  /// Visits every condition of a rule with `visit(expression)`, every rule that skips it with `visit_skip(index)`.
  template <class Visit, class VisitSkip>
  void conditions(std::size_t index, Visit visit, VisitSkip visit_skip);

  std::optional<std::size_t> pending_in(const Expression& e);
  void lacks_in(const Expression& e, std::vector<Lack>& out, std::optional<std::size_t>* unasked);
  Telling telling_in(const Expression& e);
  void profile_in(const Expression& e, Evaluation& blind, std::string& values, std::optional<std::size_t>& needs);

  const Program& program_;
  const Known& known_;
  const Stage stage_;
  const Layer layer_;
  const Sight sight_;
  const std::int64_t now_;
  std::vector<std::optional<FactState>> facts_;
  std::vector<Outlook> settled_;                             ///< of rules, groups, comparisons; 0: not looked at yet
  std::vector<std::pair<std::size_t, const Value*>> bound_;  ///< by `any FACT ( )`; null: a value that is not known yet
};

/// What is known of a fact: of one that hangs on a check what the check's finding holds, else what `known` says.
FactState state_of_fact(const Program& program, const Known& known, std::size_t index);

/// What a check has found, as decide() takes it: at the end what was never answered has failed, with the check's first
/// outcome marked Failure::yes. Null while it is open.
const Outcome* found_outcome(const CheckDecl& decl, const CheckState& state, Stage stage);

}  // namespace postern::rules
