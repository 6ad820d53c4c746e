#include <algorithm>

#include "policy/base/text.h"
#include "policy/rules/decide.h"
#include "policy/rules/evaluate.h"

namespace postern::rules {

namespace {

LimitState of_kind(LimitState::Kind kind) { return {.kind = kind}; }
LimitState ask(std::size_t check) { return {.kind = LimitState::Kind::needs, .check = check}; }

/// The values of a fact as one text; several are kept apart.
std::string key_text(const FactState& state) {
  if (state.values.size() == 1) return fold(text_of(state.values.front()));
  std::string text;
  for (const Value& value : state.values) text += (text.empty() ? "" : ",") + fold(text_of(value));
  return text;
}

class Reader {
 public:
  Reader(const Program& program, const Known& known, Stage stage)
      : program_(program),
        known_(known),
        stage_(stage),
        evaluation_(program, known, stage, program.all_monitored ? Layer::shadow : Layer::enforced) {}

  LimitState read(std::size_t limit) {
    if (const Limit& l = program_.limits[limit]; l.when) {
      const Outlook outlook = evaluation_.condition(*l.when);
      if (outlook != outlook_of(kTrue)) return without(*l.when, outlook);
    }
    LimitState state{.kind = LimitState::Kind::counts};
    state.key.reserve(program_.limit_infos[limit].per.size());
    for (const std::size_t index : program_.limit_infos[limit].per) {
      if (index == kTagKey) {
        if (const auto check = add_tags(program_.limits[limit], state)) return ask(*check);
        if (state.key.back().empty()) return of_kind(LimitState::Kind::off);
        continue;
      }
      const FactState fact = this->fact(index);
      if (const auto trouble = trouble_with(fact, index)) return *trouble;
      if (fact.values.empty()) return of_kind(LimitState::Kind::off);  // LANGUAGE 7: a missing key is not counted
      state.key.push_back(key_text(fact));
    }
    for (const std::size_t index : program_.limit_infos[limit].allow) {
      const FactState fact = this->fact(index);
      if (fact.kind == FactState::Kind::askable) return ask(*program_.fact_checks[index]);
      if (fact.kind == FactState::Kind::later && stage_ != Stage::end) return of_kind(LimitState::Kind::later);
      // What could not be had is as what is not there: `else:` holds.
      state.stands_in = state.stands_in || fact.kind == FactState::Kind::failed || fact.kind == FactState::Kind::later;
      state.allow.push_back(fact.values.empty() ? std::nullopt : std::optional(text_of(fact.values.front())));
    }
    return state;
  }

 private:
  // What a directory would have told has failed where that is away, even if its check could do without.
  FactState fact(std::size_t index) const {
    FactState state = state_of_fact(program_, known_, index);
    if (state.kind != FactState::Kind::known || !state.values.empty() || !program_.fact_checks[index]) return state;
    const Finding* const finding = known_.check(*program_.fact_checks[index]).finding;
    if (finding != nullptr && finding->facts_unsure) state.kind = FactState::Kind::failed;
    return state;
  }

  // A condition that does not hold, or is not settled.
  LimitState without(const Expression& when, Outlook outlook) {
    if (!is_settled(outlook)) {
      if (const auto check = evaluation_.pending_condition(when)) return ask(*check);
      return of_kind(LimitState::Kind::later);
    }
    const Truths truths = all_truths(outlook);
    if (truths == kFalse) return of_kind(LimitState::Kind::off);
    return of_kind((truths & kEither) == kEither ? LimitState::Kind::later : LimitState::Kind::unknown);
  }

  std::optional<LimitState> trouble_with(const FactState& fact, std::size_t index) const {
    switch (fact.kind) {
      case FactState::Kind::askable: return ask(*program_.fact_checks[index]);
      case FactState::Kind::failed: return of_kind(LimitState::Kind::unknown);
      case FactState::Kind::later:
        if (stage_ == Stage::end)
          return of_kind(program_.fact_checks[index] ? LimitState::Kind::unknown : LimitState::Kind::off);
        return of_kind(LimitState::Kind::later);
      case FactState::Kind::at_least:
        if (stage_ != Stage::end) return of_kind(LimitState::Kind::later);
        break;
      case FactState::Kind::known: break;
    }
    return std::nullopt;
  }

  std::optional<std::size_t> add_tags(const Limit& limit, LimitState& state) {
    std::vector<std::string> tags;
    for (const std::size_t rule : limit.tag_rules) {
      if (!evaluation_.counts(rule)) continue;
      const Outlook outlook = evaluation_.rule(rule);
      if (!is_settled(outlook)) {
        if (const auto check = evaluation_.pending(rule)) return check;
      }
      if (outlook != outlook_of(kTrue)) continue;
      for (const std::string& tag : program_.rules[rule].tags) {
        if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
      }
    }
    state.key.push_back(join(tags, ","));
    return std::nullopt;
  }

  const Program& program_;
  const Known& known_;
  const Stage stage_;
  Evaluation evaluation_;
};

}  // namespace

std::vector<LimitState> limit_states(const RuleSet& rules, const Known& known, std::span<const std::size_t> limits,
                                     Stage stage) {
  Reader reader(rules.program(), known, stage);
  std::vector<LimitState> states;
  states.reserve(limits.size());
  for (const std::size_t limit : limits) states.push_back(reader.read(limit));
  return states;
}

}  // namespace postern::rules
