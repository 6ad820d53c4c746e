#include "policy/rules/decide.h"

#include "policy/rules/conclude.h"
#include "policy/rules/evaluate.h"
#include "policy/rules/walk.h"

namespace postern::rules {

namespace {

Verdict needs(std::size_t check) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::needs;
  verdict.check = check;
  return verdict;
}

// Could a refusal still become certain at this stage, were the checks that can be asked to answer as we please? Never
// too pessimistic: what asking everybody would settle, asking one by one settles too.
bool has_hope(const Program& program, Evaluation& evaluation) {
  bool reached = true;            // the walk can stand here with refusals alone …
  bool reached_deferred = false;  // … and with the rest counting as 4xx
  for (std::size_t i = 0; i < program.rules.size() && (reached || reached_deferred); ++i) {
    const Rule& rule = program.rules[i];
    if (!rule.final || !evaluation.counts(i)) continue;
    const Outlook outlook = evaluation.rule(i);
    bool next = false, next_deferred = false;
    for (const bool deferred : {false, true}) {
      if (!(deferred ? reached_deferred : reached)) continue;
      for (unsigned m = 1; m < 16; ++m) {
        if (!(outlook >> m & 1u)) continue;
        const auto truths = static_cast<Truths>(m);
        const bool refuses = is_refusal(*rule.final) || deferred;
        if (truths == kFalse) {
          (deferred ? next_deferred : next) = true;
        } else if (refuses && truths == kTrue) {
          return true;
        } else if (refuses) {
          (deferred || defers_rest(rule, truths) ? next_deferred : next) = true;
        }
      }
    }
    reached = next;
    reached_deferred = next_deferred;
  }
  return reached_deferred;
}

Verdict before_the_end(const Program& program, const Known& known, Stage stage, Evaluation& evaluation) {
  const Walk walk = walk_rules(program, evaluation);
  if (walk.pending) return has_hope(program, evaluation) ? needs(*evaluation.pending(*walk.pending)) : Verdict{};
  if (!walk.only_refusals()) return {};
  Verdict verdict;
  verdict.kind = Verdict::Kind::certain;
  if (const auto check = conclude_refusal(program, known, stage, evaluation, walk, verdict.decision))
    return needs(*check);
  return verdict;
}

Verdict at_the_end(const Program& program, const Known& known, Evaluation& evaluation) {
  const Walk walk = walk_rules(program, evaluation);
  if (walk.pending) return needs(*evaluation.pending(*walk.pending));
  Verdict verdict;
  verdict.kind = Verdict::Kind::certain;
  const auto check = walk.only_refusals()
                         ? conclude_refusal(program, known, Stage::end, evaluation, walk, verdict.decision)
                         : conclude_end(program, known, evaluation, walk, verdict.decision);
  return check ? needs(*check) : verdict;
}

}  // namespace

Deciding::Deciding(const RuleSet& rules, const Known& known, Stage stage, Layer layer)
    : rules_(rules),
      known_(known),
      stage_(stage),
      layer_(layer),
      evaluation_(std::make_unique<Evaluation>(rules.program(), known, stage, layer)) {}

Deciding::~Deciding() = default;

Verdict Deciding::verdict() {
  const Program& program = rules_.program();
  evaluation_->forget_what_is_open();
  Verdict verdict = stage_ == Stage::end ? at_the_end(program, known_, *evaluation_)
                                         : before_the_end(program, known_, stage_, *evaluation_);
  if (verdict.kind == Verdict::Kind::certain && stage_ == Stage::recipient) {  // elsewhere all recipients are meant
    Evaluation blind(program, known_, stage_, layer_, Evaluation::Sight::blind_to_recipient);
    verdict.decision.scoped = rests_on_recipient(program, *evaluation_, blind, verdict.decision);
  }
  return verdict;
}

Verdict decide(const RuleSet& rules, const Known& known, Stage stage, Layer layer) {
  return Deciding(rules, known, stage, layer).verdict();
}

Profile profile(const RuleSet& rules, const Known& known, Stage stage) {
  const Program& program = rules.program();
  Evaluation evaluation(program, known, stage, Layer::enforced);
  Evaluation blind(program, known, stage, Layer::enforced, Evaluation::Sight::blind_to_recipient);
  Profile result;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    if (!rule.final || !evaluation.counts(i)) continue;
    const Outlook without = blind.rule(i);
    const bool other_split =
        rule.split && *rule.split != Split::retry;  // it says itself what happens to unlike recipients
    if (rule.scoped && without != outlook_of(kFalse) && !other_split) {
      result.values += '/';
      // What is settled and refuses nobody is open no more, whatever of the recipient settled it.
      if (evaluation.rule(i) != outlook_of(kFalse))
        evaluation.append_profile(i, blind, result.values, result.needs);
    }
    if (without == outlook_of(kTrue)) break;
  }
  return result;
}

std::string known_value_text(const FactState& state) {
  if (state.kind == FactState::Kind::later || state.values.empty()) return "-";
  std::string out;
  for (const Value& value : state.values) {
    if (!out.empty()) out += ", ";
    out += printable_value(value);
    if (out.size() > kMaxValueBytes) break;
  }
  return out;
}

}  // namespace postern::rules
