#include <algorithm>
#include <utility>

#include "policy/rules/evaluate.h"
#include "policy/rules/walk.h"

namespace postern::rules {

namespace {

void add_lack(std::vector<Lack>& out, Lack lack) {
  const auto same = std::find_if(out.begin(), out.end(), [&](const Lack& l) { return l.name == lack.name; });
  if (same == out.end()) out.push_back(std::move(lack));
}

bool is_unknown(Outlook outlook) { return outlook == outlook_of(kSkipped) || outlook == outlook_of(kDeferred); }
bool is_of_fact(const Expression& e) {
  return e.kind == Expression::Kind::fact || e.kind == Expression::Kind::present || e.kind == Expression::Kind::holds ||
         e.kind == Expression::Kind::quantified;
}
bool stands_in(const CheckState& state) { return state.finding != nullptr && state.finding->only_for_now; }

/// What is known where nothing stands in for what could not be had: such a finding could be any.
class WithoutStandIns final : public Known {
 public:
  explicit WithoutStandIns(const Known& known) : known_(known) {}
  FactState fact(std::size_t index) const override { return known_.fact(index); }
  CheckState check(std::size_t index) const override {
    const CheckState state = known_.check(index);
    return stands_in(state) ? CheckState{CheckState::Kind::askable, nullptr} : state;
  }
  std::int64_t unix_time() const override { return known_.unix_time(); }

 private:
  const Known& known_;
};

bool may_be_unknown(Outlook outlook) { return (all_truths(outlook) & kUnknown) != 0; }

}  // namespace

template <class Visit, class VisitSkip>
void Evaluation::conditions(std::size_t index, Visit visit, VisitSkip visit_skip) {
  auto outer = std::exchange(bound_, {});
  const Rule& r = program_.rules[index];
  std::vector<const Expression*> groups;
  for (auto g = r.group; g; g = program_.groups[*g].parent) {
    if (program_.groups[*g].when) groups.push_back(&*program_.groups[*g].when);
  }
  for (auto g = groups.rbegin(); g != groups.rend(); ++g) visit(**g);
  visit(r.when);
  for (const std::size_t skipper : r.skipped_by) {
    if (counts(skipper)) visit_skip(skipper);
  }
  bound_ = std::move(outer);
}

std::optional<std::size_t> Evaluation::pending(std::size_t index) {
  std::optional<std::size_t> result;
  if (is_settled(rule(index))) return result;
  conditions(
      index,
      [&](const Expression& e) {
        if (!result) result = pending_in(e);
      },
      [&](std::size_t skipper) {
        if (!result) result = pending(skipper);
      });
  return result;
}

std::optional<std::size_t> Evaluation::pending_in(const Expression& e) {
  if (is_settled(expression(e))) return std::nullopt;
  if (is_of_fact(e) && fact_view(e.fact).kind == FactState::Kind::askable) return program_.fact_checks[e.fact];
  std::optional<std::size_t> result;
  switch (e.kind) {
    case Expression::Kind::check: return e.check;
    case Expression::Kind::tagged:
    case Expression::Kind::scored:
      for (const std::size_t r : e.rules) {
        if ((result = pending(r))) return result;
      }
      break;
    case Expression::Kind::quantified: {
      const FactView state = fact_view(e.fact);
      const auto inner = [&](const Value* value) {
        bound_.emplace_back(e.fact, value);
        if (!result) result = pending_in(e.parts.front());
        bound_.pop_back();
      };
      for (const Value& value : state.values) inner(&value);
      if (state.kind != FactState::Kind::known) inner(nullptr);
      break;
    }
    case Expression::Kind::constant:
    case Expression::Kind::all:
    case Expression::Kind::any:
    case Expression::Kind::negation:
    case Expression::Kind::fact:
    case Expression::Kind::present:
    case Expression::Kind::holds:
      for (const Expression& part : e.parts) {
        if ((result = pending_in(part))) return result;
      }
      break;
  }
  return result;
}

std::vector<Lack> Evaluation::lacks(std::size_t index, std::optional<std::size_t>* unasked) {
  std::vector<Lack> out;
  if (!may_be_unknown(rule(index))) return out;
  conditions(
      index, [&](const Expression& e) { lacks_in(e, out, unasked); },
      [&](std::size_t skipper) {
        for (Lack& lack : lacks(skipper, unasked)) add_lack(out, std::move(lack));
      });
  const auto own = program_.rules[index].unavailable;
  for (Lack& lack : out) {
    if (own) lack.defers = *own == Unavailable::defer;
  }
  return out;
}

void Evaluation::lacks_in(const Expression& e, std::vector<Lack>& out, std::optional<std::size_t>* unasked) {
  const Outlook outlook = expression(e);
  if (!may_be_unknown(outlook)) return;
  if (unasked != nullptr && !*unasked && !is_settled(outlook)) *unasked = pending_in(e);
  if (is_of_fact(e) && fact_view(e.fact).kind == FactState::Kind::failed) {
    if (is_unknown(outlook))
      add_lack(out, {program_.checks[*program_.fact_checks[e.fact]].name, outlook == outlook_of(kDeferred)});
    return;
  }
  switch (e.kind) {
    case Expression::Kind::check:
      if (is_unknown(outlook)) add_lack(out, {program_.checks[e.check].name, outlook == outlook_of(kDeferred)});
      return;
    case Expression::Kind::fact:
      if (is_unknown(outlook)) add_lack(out, {e.test->list_name, outlook == outlook_of(kDeferred)});
      return;
    case Expression::Kind::tagged:
    case Expression::Kind::scored:
      for (const std::size_t r : e.rules) {
        for (Lack& lack : lacks(r, unasked)) add_lack(out, std::move(lack));
      }
      return;
    case Expression::Kind::quantified: {
      const FactView state = fact_view(e.fact);
      for (const Value& value : state.values) {
        bound_.emplace_back(e.fact, &value);
        lacks_in(e.parts.front(), out, unasked);
        bound_.pop_back();
      }
      return;
    }
    case Expression::Kind::constant:
    case Expression::Kind::all:
    case Expression::Kind::any:
    case Expression::Kind::negation:
    case Expression::Kind::present:
    case Expression::Kind::holds:
      for (const Expression& part : e.parts) lacks_in(part, out, unasked);
      return;
  }
}

bool Evaluation::ends_for_now(std::size_t index) {
  bool any = false;
  for (std::size_t check = 0; check < program_.checks.size(); ++check) any = any || stands_in(known_.check(check));
  if (!any) return false;
  const WithoutStandIns known(known_);
  Evaluation without(program_, known, stage_, layer_, sight_);
  if (without.rule(index) != outlook_of(kTrue)) return true;
  for (std::size_t i = 0; i < index; ++i) {
    const auto& final = program_.rules[i].final;
    if (final && !is_refusal(*final) && counts(i) && without.rule(i) != outlook_of(kFalse)) return true;
  }
  return false;
}

// Its own condition comes before those of its groups: it has the more particular reason.
Telling Evaluation::telling(std::size_t index) {
  const Rule& r = program_.rules[index];
  Telling found = telling_in(r.when);
  for (auto g = r.group; g && !found.found(); g = program_.groups[*g].parent) {
    if (program_.groups[*g].when) found = telling_in(*program_.groups[*g].when);
  }
  return found;
}

Telling Evaluation::telling_in(const Expression& e) {
  const Outlook outlook = expression(e);
  if (!is_settled(outlook)) return {nullptr, nullptr, pending_in(e)};
  if (outlook != outlook_of(kTrue)) return {};
  Telling found;
  switch (e.kind) {
    case Expression::Kind::check:
      found.outcome = found_outcome(program_.checks[e.check], known_.check(e.check), stage_);
      if (found.outcome != nullptr && found.outcome->reply.code == 0) found.outcome = nullptr;
      if (found.outcome != nullptr) found.finding = known_.check(e.check).finding;
      break;
    case Expression::Kind::quantified: {
      if (e.quantifier == Syntax::Quantifier::no) break;
      const FactView state = fact_view(e.fact);
      for (const Value& value : state.values) {
        bound_.emplace_back(e.fact, &value);
        if (!found.found()) found = telling_in(e.parts.front());
        bound_.pop_back();
      }
      break;
    }
    case Expression::Kind::all:
    case Expression::Kind::any:
      for (const Expression& part : e.parts) {
        if (!found.found()) found = telling_in(part);
      }
      break;
    case Expression::Kind::constant:
    case Expression::Kind::negation:
    case Expression::Kind::fact:
    case Expression::Kind::present:
    case Expression::Kind::holds:
    case Expression::Kind::tagged:
    case Expression::Kind::scored: break;
  }
  return found;
}

bool Evaluation::is_scoped_alone(const Expression& e, bool& any) const {
  switch (e.kind) {
    case Expression::Kind::tagged:
    case Expression::Kind::scored: return false;
    case Expression::Kind::check:
    case Expression::Kind::fact:
    case Expression::Kind::present:
    case Expression::Kind::holds:
    case Expression::Kind::quantified:
      if (!is_scoped(e)) return false;
      any = true;
      break;
    case Expression::Kind::constant:
    case Expression::Kind::all:
    case Expression::Kind::any:
    case Expression::Kind::negation: break;
  }
  return std::all_of(e.parts.begin(), e.parts.end(),
                     [&](const Expression& part) { return is_scoped_alone(part, any); });
}

void Evaluation::append_profile(std::size_t index, Evaluation& blind, std::string& values,
                                std::optional<std::size_t>& needs) {
  conditions(
      index, [&](const Expression& e) { profile_in(e, blind, values, needs); },
      [&](std::size_t skipper) { append_profile(skipper, blind, values, needs); });
}

void Evaluation::profile_in(const Expression& e, Evaluation& blind, std::string& values,
                            std::optional<std::size_t>& needs) {
  bool any = false;
  const bool alone = is_scoped_alone(e, any);
  if (alone && !any) return;
  const Outlook without = blind.expression(e);
  if (without == outlook_of(kTrue) || without == outlook_of(kFalse)) {
    values += '-';
    return;
  }
  if (alone) {
    const Outlook outlook = expression(e);
    if (!needs) needs = pending_in(e);
    values += outlook == outlook_of(kTrue) ? 't' : outlook == outlook_of(kFalse) ? 'f' : 'u';
    return;
  }
  for (const std::size_t r : e.rules) append_profile(r, blind, values, needs);
  for (const Expression& part : e.parts) profile_in(part, blind, values, needs);
}

}  // namespace postern::rules
