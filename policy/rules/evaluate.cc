#include "policy/rules/evaluate.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"
#include "policy/rules/score.h"

namespace postern::rules {

namespace {

Truths unknown_as(Unavailable unavailable) { return unavailable == Unavailable::defer ? kDeferred : kSkipped; }
Truths truth(bool yes) { return yes ? kTrue : kFalse; }

std::size_t index_of(const CheckDecl& decl, const Outcome* outcome) {
  const auto begin = decl.outcomes.begin();
  const auto end = decl.outcomes.end();
  auto found = std::find_if(begin, end, [&](const Outcome& o) { return &o == outcome; });
  if (found == end) found = std::find_if(begin, end, [&](const Outcome& o) { return o.name == outcome->name; });
  return static_cast<std::size_t>(found - begin);
}

Value made_value(FactType type, const std::string& text) {
  if (type == FactType::address) {
    if (Path path = Path::parse(text); path.mailbox) return *std::move(path.mailbox);
  }
  return text;
}

// What a count that may still grow says now (LANGUAGE 5: `recipients.count > N` is true as soon as it is exceeded).
Truths growing(std::span<const Value> values, const Test& test, std::int64_t unix_time) {
  if (!test.numeric) return test.fits(values, unix_time) == List::Answer::yes ? kTrue : kEither;
  const auto* now = values.empty() ? nullptr : std::get_if<std::int64_t>(&values.front());
  const std::int64_t number = now == nullptr ? 0 : *now;
  const bool fits = std::any_of(test.numbers.begin(), test.numbers.end(),
                                [&](std::int64_t right) { return compare(number, test.op, right); });
  switch (test.op) {
    case Operator::greater:
    case Operator::greater_equal: return fits ? kTrue : kEither;
    case Operator::less:
    case Operator::less_equal: return fits ? kEither : kFalse;
    case Operator::is:
    case Operator::in:
    case Operator::matches:
    case Operator::contains:
    case Operator::starts_with:
    case Operator::ends_with:
    case Operator::equal:
    case Operator::looks_like: break;
  }
  const bool passed =
      std::all_of(test.numbers.begin(), test.numbers.end(), [&](std::int64_t right) { return number > right; });
  return passed ? kFalse : kEither;
}

}  // namespace

const Outcome* found_outcome(const CheckDecl& decl, const CheckState& state, Stage stage) {
  if (state.kind == CheckState::Kind::known && state.finding != nullptr) return state.finding->outcome;
  if (state.kind == CheckState::Kind::failed && state.finding != nullptr && state.finding->outcome != nullptr)
    return state.finding->outcome;
  const bool failed =
      state.kind == CheckState::Kind::failed || (state.kind == CheckState::Kind::later && stage == Stage::end);
  if (!failed) return nullptr;
  const auto first = std::find_if(decl.outcomes.begin(), decl.outcomes.end(),
                                  [](const Outcome& o) { return o.failure == Failure::yes; });
  return first == decl.outcomes.end() ? nullptr : &*first;
}

FactState state_of_fact(const Program& program, const Known& known, std::size_t index) {
  const auto of_check = program.fact_checks[index];
  if (!of_check) return known.fact(index);
  const FactName& fact = program.facts[index];
  const FactDoc& doc = *program.fact_docs[index];
  const std::string_view wanted =
      fact.argument.empty() ? std::string_view(fact.name).substr(fact.name.rfind('.') + 1) : fact.argument;
  FactState state = FactState::absent();
  const auto take = [&](const Finding* finding) {
    if (finding == nullptr) return;
    for (const auto& [name, value] : finding->facts) {
      if (ascii_iequals(name, wanted)) state.values.push_back(made_value(doc.type, value));
    }
  };
  for (std::size_t i = 0; i < program.checks.size() && state.values.empty(); ++i) {
    if (std::find(doc.also_of.begin(), doc.also_of.end(), program.checks[i].name) != doc.also_of.end())
      take(known.check(i).finding);
  }
  const CheckState check = known.check(*of_check);
  if (state.values.empty()) take(check.finding);
  if (!state.values.empty()) return state;
  switch (check.kind) {
    case CheckState::Kind::later: state.kind = FactState::Kind::later; break;
    case CheckState::Kind::askable: state.kind = FactState::Kind::askable; break;
    case CheckState::Kind::failed: state.kind = FactState::Kind::failed; break;
    case CheckState::Kind::known: break;
  }
  return state;
}

Evaluation::Evaluation(const Program& program, const Known& known, Stage stage, Layer layer, Sight sight)
    : program_(program),
      known_(known),
      stage_(stage),
      layer_(layer),
      sight_(sight),
      now_(known.unix_time()),
      facts_(program.facts.size()),
      settled_(program.rules.size() + program.groups.size() + program.comparisons) {}

void Evaluation::forget_what_is_open() {
  for (Outlook& outlook : settled_) {
    if (!is_settled(outlook)) outlook = 0;
  }
  for (std::size_t i = 0; i < facts_.size(); ++i) {
    if (facts_[i] && program_.fact_checks[i]) facts_[i].reset();
  }
}

bool Evaluation::counts(std::size_t index) const {
  const Rule& r = program_.rules[index];
  return (layer_ == Layer::shadow || !r.monitored) && (!r.until || now_ < *r.until);
}

Outlook Evaluation::group(std::size_t index) {
  if (const Outlook seen = of_group(index)) return seen;
  const Group& g = program_.groups[index];
  Outlook result = g.parent ? group(*g.parent) : outlook_of(kTrue);
  if (g.when && result != outlook_of(kFalse)) result = both(result, expression(*g.when));
  of_group(index) = result;
  return result;
}

Outlook Evaluation::rule(std::size_t index) {
  if (const Outlook seen = of_rule(index)) return seen;
  const Rule& r = program_.rules[index];
  Outlook result = outlook_of(counts(index) ? kTrue : kFalse);
  // A rule stands on its own: what an outer quantifier has bound is no business of it.
  auto outer = std::exchange(bound_, {});
  if (r.group && result != outlook_of(kFalse)) result = both(result, group(*r.group));
  if (result != outlook_of(kFalse)) result = both(result, expression(r.when));
  for (const std::size_t skipper : r.skipped_by) {
    if (result == outlook_of(kFalse)) break;
    result = both(result, opposite(rule(skipper)));
  }
  if (r.unavailable) result = with_unknown(result, unknown_as(*r.unavailable));
  bound_ = std::move(outer);
  of_rule(index) = result;
  return result;
}

Outlook Evaluation::expression(const Expression& e) {
  Outlook result = outlook_of(kTrue);
  switch (e.kind) {
    case Expression::Kind::constant: break;
    case Expression::Kind::all:
      for (const Expression& part : e.parts) {
        result = both(result, expression(part));
        if (result == outlook_of(kFalse)) break;
      }
      break;
    case Expression::Kind::any:
      result = outlook_of(kFalse);
      for (const Expression& part : e.parts) {
        result = either(result, expression(part));
        if (result == outlook_of(kTrue)) break;
      }
      break;
    case Expression::Kind::negation: result = opposite(expression(e.parts.front())); break;
    case Expression::Kind::check: return check(e);
    case Expression::Kind::fact:
    case Expression::Kind::present:
    case Expression::Kind::holds: result = comparison(e); break;
    case Expression::Kind::quantified: result = quantified(e); break;
    case Expression::Kind::tagged: result = tagged(e); break;
    case Expression::Kind::scored: result = scored(e); break;
  }
  return e.negated ? opposite(result) : result;
}

Outlook Evaluation::check(const Expression& e) const {
  const CheckDecl& decl = program_.checks[e.check];
  const Truths unknown = unknown_as(decl.unavailable);
  const auto names = [&](std::size_t outcome) { return outcome < 64 && (e.outcomes >> outcome & 1u) != 0; };
  const bool unseen = sight_ == Sight::blind_to_recipient && decl.tells_recipients_apart();
  const CheckState state = unseen ? CheckState{} : known_.check(e.check);
  if (const Outcome* found = unseen ? nullptr : found_outcome(decl, state, stage_)) {
    const bool named = names(index_of(decl, found));
    const bool failed = state.kind != CheckState::Kind::known || found->failure == Failure::yes;
    if (failed) return outlook_of(named && !e.negated ? kTrue : unknown);
    return outlook_of(truth(named != e.negated));
  }
  // LANGUAGE 5: on failure its own name is true, every other comparison, `is not` too, is unknown.
  Truths on_failure = 0;
  for (std::size_t i = 0; i < decl.outcomes.size(); ++i) {
    if (decl.outcomes[i].failure == Failure::yes)
      on_failure = static_cast<Truths>(on_failure | (!e.negated && names(i) ? kTrue : unknown));
  }
  if (on_failure == 0) on_failure = unknown;
  if (unseen) return outlook_of(static_cast<Truths>(kEither | on_failure));
  if (state.kind == CheckState::Kind::known) return outlook_of(truth(e.negated));
  return unfound(state.kind, on_failure, unknown);
}

Outlook Evaluation::unfound(CheckState::Kind state, Truths on_failure, Truths unknown) const {
  const auto later = static_cast<Truths>(kEither | on_failure);
  if (state == CheckState::Kind::askable) {
    Outlook result = static_cast<Outlook>(outlook_of(kTrue) | outlook_of(kFalse));
    if (on_failure & kUnknown) result = static_cast<Outlook>(result | outlook_of(unknown));
    if (stage_ != Stage::end) result = static_cast<Outlook>(result | outlook_of(later));  // it may not come in time
    return result;
  }
  if (state == CheckState::Kind::later && stage_ != Stage::end) return outlook_of(later);
  return outlook_of(unknown);
}

Evaluation::FactView Evaluation::fact_view(std::size_t index) {
  for (auto b = bound_.rbegin(); b != bound_.rend(); ++b) {
    if (b->first != index) continue;
    if (b->second == nullptr) return {};
    return {FactState::Kind::known, {b->second, 1}};
  }
  if (sight_ == Sight::blind_to_recipient && program_.fact_docs[index]->scope == Scope::recipient) return {};
  if (!facts_[index]) {
    facts_[index] = state_of_fact(program_, known_, index);
    // At the end nothing comes any more: what was not told is not there, and what was not found out has failed.
    FactState::Kind& kind = facts_[index]->kind;
    const bool open = kind == FactState::Kind::later || kind == FactState::Kind::at_least;
    if (stage_ == Stage::end && open)
      kind = program_.fact_checks[index] ? FactState::Kind::failed : FactState::Kind::known;
  }
  return {facts_[index]->kind, facts_[index]->values};
}

// What a fact comes to whose check has no finding that holds it; nothing where its values are there to be looked at.
std::optional<Outlook> Evaluation::unfound_fact(const Expression& e) {
  const FactState::Kind kind = fact_view(e.fact).kind;
  const auto of_check = program_.fact_checks[e.fact];
  if (!of_check || kind == FactState::Kind::known || kind == FactState::Kind::at_least) return std::nullopt;
  const bool bound = std::any_of(bound_.begin(), bound_.end(), [&](const auto& b) { return b.first == e.fact; });
  if (bound) return std::nullopt;
  const CheckDecl& decl = program_.checks[*of_check];
  const Truths unknown = unknown_as(decl.unavailable);
  if (sight_ == Sight::blind_to_recipient && decl.tells_recipients_apart())
    return outlook_of(static_cast<Truths>(kEither | unknown));
  const auto state = kind == FactState::Kind::askable  ? CheckState::Kind::askable
                     : kind == FactState::Kind::failed ? CheckState::Kind::failed
                                                       : CheckState::Kind::later;
  return unfound(state, unknown, unknown);
}

// What a quantifier has bound is no longer the fact that others compare.
Outlook Evaluation::comparison(const Expression& e) {
  if (e.kind != Expression::Kind::fact || !bound_.empty()) return made_comparison(e);
  Outlook& made = of_comparison(e.comparison);
  if (made == 0) made = made_comparison(e);
  return made;
}

Outlook Evaluation::made_comparison(const Expression& e) {
  if (const auto outlook = unfound_fact(e)) return *outlook;
  const FactView state = fact_view(e.fact);
  const Truths list_unknown =
      e.test && e.test->list && !e.test->list_name.empty() ? unknown_as(e.test->list->when_unavailable()) : Truths{0};
  if (state.kind == FactState::Kind::later) return outlook_of(static_cast<Truths>(kEither | list_unknown));
  const bool grows = state.kind == FactState::Kind::at_least;
  switch (e.kind) {
    case Expression::Kind::present: return outlook_of(!state.values.empty() ? kTrue : grows ? kEither : kFalse);
    case Expression::Kind::holds:
      return outlook_of(truth(!state.values.empty() && state.values.front() == Value(true)));
    default: break;
  }
  if (grows) return outlook_of(growing(state.values, *e.test, now_));
  switch (e.test->fits(state.values, now_)) {
    case List::Answer::yes: return outlook_of(kTrue);
    case List::Answer::no: return outlook_of(kFalse);
    case List::Answer::unavailable: break;
  }
  return outlook_of(unknown_as(e.test->list->when_unavailable()));
}

Outlook Evaluation::quantified(const Expression& e) {
  if (const auto outlook = unfound_fact(e)) return *outlook;
  const FactView state = fact_view(e.fact);
  const bool every = e.quantifier == Syntax::Quantifier::every;
  Outlook result = outlook_of(every && !state.values.empty() ? kTrue : kFalse);
  const auto inner = [&](const Value* value) {
    bound_.emplace_back(e.fact, value);
    const Outlook one = expression(e.parts.front());
    bound_.pop_back();
    return one;
  };
  for (const Value& value : state.values) result = every ? both(result, inner(&value)) : either(result, inner(&value));
  if (state.kind != FactState::Kind::known) {
    // More values may come, or none: the sets of one more, and what the values so far leave.
    const bool first = state.values.empty();
    const Truths none = every && !first ? kTrue : kFalse;
    Outlook rest = 0;
    const Outlook more = inner(nullptr);
    for (unsigned m = 1; m < 16; ++m) {
      if (more >> m & 1u) rest = static_cast<Outlook>(rest | outlook_of(static_cast<Truths>(m | none)));
    }
    result = first ? rest : every ? both(result, rest) : either(result, rest);
  }
  return e.quantifier == Syntax::Quantifier::no ? opposite(result) : result;
}

Outlook Evaluation::tagged(const Expression& e) {
  Outlook result = outlook_of(kFalse);
  for (const std::size_t r : e.rules) result = either(result, rule(r));
  return result;
}

Outlook Evaluation::scored(const Expression& e) {
  std::vector<Contribution> contributions;
  bool settled = true;
  for (const std::size_t r : e.rules) {
    const Outlook outlook = rule(r);
    settled = settled && is_settled(outlook);
    contributions.push_back({*program_.rules[r].score, all_truths(outlook)});
  }
  const Truths truths = compare_score(contributions, *e.test);
  return settled ? outlook_of(truths) : subsets_of(truths);
}

bool Evaluation::is_scoped(const Expression& e) const {
  switch (e.kind) {
    case Expression::Kind::check: return program_.checks[e.check].tells_recipients_apart();
    case Expression::Kind::fact:
    case Expression::Kind::present:
    case Expression::Kind::holds:
    case Expression::Kind::quantified: return program_.fact_docs[e.fact]->scope == Scope::recipient;
    case Expression::Kind::constant:
    case Expression::Kind::all:
    case Expression::Kind::any:
    case Expression::Kind::negation:
    case Expression::Kind::tagged:
    case Expression::Kind::scored: break;
  }
  return false;
}

}  // namespace postern::rules
