#include "policy/rules/compile_expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "policy/base/text.h"
#include "policy/rules/parser.h"

namespace postern::rules {

namespace {

constexpr std::size_t kMaxParts = 50'000;  // local: of one condition with its definitions spelled out

// What `any attachment (…)` may speak of (LANGUAGE 4).
constexpr std::array<std::string_view, 10> kMembers{
    "attachment.name",   "attachment.type", "attachment.size", "attachment.encrypted",
    "attachment.inside", "attachment.hash", "url.domain",      "url.text",
    "part.type",         "part.size"};

Expression constant() { return {}; }

bool is_member(const std::vector<std::string>& bases, std::string_view name) {
  return std::any_of(bases.begin(), bases.end(), [&](const std::string& base) {
    return std::find(kMembers.begin(), kMembers.end(), fmt::format("{}.{}", base, name)) != kMembers.end();
  });
}

}  // namespace

Expression ExpressionCompiler::compile(const Node& node, const Definitions& definitions, const Standing& standing,
                                       Remarks& remarks) {
  const std::optional<Syntax> syntax = parse_expression(node, problems_);
  if (!syntax) return constant();
  return compile(node, *syntax, definitions, standing, remarks);
}

Expression ExpressionCompiler::compile(const Node& node, const Syntax& syntax, const Definitions& definitions,
                                       const Standing& standing, Remarks& remarks) {
  node_ = &node;
  definitions_ = &definitions;
  standing_ = standing;
  remarks_ = &remarks;
  under_negation_ = false;
  open_definitions_.clear();
  members_of_.clear();
  built_ = 0;
  return build(syntax);
}

Expression ExpressionCompiler::build(const Syntax& s) {
  if (++built_ > kMaxParts) {
    if (built_ == kMaxParts + 1) error(0, "the condition is too large with its definitions spelled out");
    return constant();
  }
  switch (s.kind) {
    case Syntax::Kind::all: return build_parts(s, Expression::Kind::all);
    case Syntax::Kind::any: return build_parts(s, Expression::Kind::any);
    case Syntax::Kind::negation: {
      const bool outer = std::exchange(under_negation_, true);
      Expression e = build_parts(s, Expression::Kind::negation);
      under_negation_ = outer;
      return e;
    }
    case Syntax::Kind::quantified: return build_quantified(s);
    case Syntax::Kind::comparison: return build_comparison(s);
    case Syntax::Kind::bare: return build_bare(s);
  }
  return constant();
}

Expression ExpressionCompiler::build_parts(const Syntax& s, Expression::Kind kind) {
  Expression e;
  e.kind = kind;
  for (std::size_t i = 0; i < s.parts.size(); ++i) {
    if (i > 0 && suggests_bracket(s.parts[i], s.parts[i - 1])) continue;
    e.parts.push_back(build(s.parts[i]));
  }
  return e;
}

// `spf is fail or softfail`: the second is no fact, but an outcome of what stands left of it.
bool ExpressionCompiler::suggests_bracket(const Syntax& s, const Syntax& left) {
  if (s.kind != Syntax::Kind::bare || left.kind != Syntax::Kind::comparison || left.bracketed) return false;
  if (left.op != Operator::is || definitions_->contains(s.name.text) || is_member(members_of_, s.name.text))
    return false;
  if (names_.resolve(s.name.text).kind != Meaning::Kind::unknown) return false;
  error(s.name.offset, fmt::format("\"{}\" is no fact", printable(s.name.text)),
        fmt::format("write {} is {}[{}, {}]", left.name.text, left.negated ? "not " : "", left.values.front().text,
                    printable(s.name.text)));
  return true;
}

Expression ExpressionCompiler::build_bare(const Syntax& s) {
  const std::string& name = s.name.text;
  if (name == "always") return constant();
  if (const auto found = definitions_->find(name); found != definitions_->end())
    return build_definition(s, found->second);
  if (is_member(members_of_, name)) return constant();
  const Meaning meaning = names_.resolve(name);
  note(meaning, s);
  switch (meaning.kind) {
    case Meaning::Kind::unknown: {
      std::vector<std::string> known = names_.all();
      for (const auto& [definition, value] : *definitions_) known.push_back(definition);
      std::string hint = did_you_mean(name, known);
      if (hint.empty() && (name == "true" || name == "yes")) hint = "write always";
      error(s.name.offset, fmt::format("there is no fact or definition \"{}\"", printable(name)), hint);
      break;
    }
    case Meaning::Kind::later: names_.complain(meaning, name, at(s.name.offset), problems_); break;
    case Meaning::Kind::check: {
      const CheckDecl& decl = program_.checks[meaning.index];
      error(s.name.offset, fmt::format("{} is a check: compare its outcome", name),
            decl.outcomes.empty() ? "" : fmt::format("{} is {}", name, decl.outcomes.front().name));
      break;
    }
    case Meaning::Kind::tag: error(s.name.offset, "tag wants a comparison", "tag == \"name\""); break;
    case Meaning::Kind::score: error(s.name.offset, "score wants a comparison", "score >= 5"); break;
    case Meaning::Kind::fact:
      if (meaning.doc->type == FactType::yes_no) {
        Expression e;
        e.kind = Expression::Kind::holds;
        e.fact = meaning.index;
        return e;
      }
      error(s.name.offset, fmt::format("{} is no yes/no fact", name),
            fmt::format("any {} asks whether there is one", name));
      break;
  }
  return constant();
}

Expression ExpressionCompiler::build_definition(const Syntax& s, const Definition& definition) {
  if (std::find(open_definitions_.begin(), open_definitions_.end(), s.name.text) != open_definitions_.end()) {
    error(s.name.offset, fmt::format("definition \"{}\" is made of itself", s.name.text));
    return constant();
  }
  if (!definition.syntax) return constant();  // told where it stands
  const Node* outer = std::exchange(node_, definition.node);
  auto outer_members = std::exchange(members_of_, {});
  open_definitions_.push_back(s.name.text);
  Expression e = build(*definition.syntax);
  open_definitions_.pop_back();
  members_of_ = std::move(outer_members);
  node_ = outer;
  return e;
}

Expression ExpressionCompiler::build_quantified(const Syntax& s) {
  const Meaning meaning = names_.resolve(s.name.text);
  note(meaning, s);
  const bool outer = under_negation_;
  if (s.quantifier == Syntax::Quantifier::no) under_negation_ = true;
  Expression e;
  switch (meaning.kind) {
    case Meaning::Kind::fact:
      e.fact = meaning.index;
      e.quantifier = s.quantifier;
      if (s.parts.empty()) {
        e.kind = Expression::Kind::present;
        e.negated = s.quantifier == Syntax::Quantifier::no;
      } else {
        e.kind = Expression::Kind::quantified;
        e.parts.push_back(build(s.parts.front()));
      }
      break;
    case Meaning::Kind::tag:
      if (!s.parts.empty())
        error(s.name.offset, "tag takes no ( ) here", "tag == \"name\"");
      else {
        Syntax every_tag = s;
        every_tag.values.clear();
        e = compare_tag(every_tag);
        e.negated = s.quantifier == Syntax::Quantifier::no;
      }
      break;
    case Meaning::Kind::unknown:
    case Meaning::Kind::later:
      names_.complain(meaning, s.name.text, at(s.name.offset), problems_);
      members_of_.push_back(s.name.text);
      for (const Syntax& part : s.parts) build(part);
      members_of_.pop_back();
      break;
    case Meaning::Kind::check:
    case Meaning::Kind::score:
      error(
          s.name.offset,
          fmt::format("{} has one value: any, no and every speak of facts that may have none or several", s.name.text));
      break;
  }
  under_negation_ = outer;
  return e;
}

Expression ExpressionCompiler::build_comparison(const Syntax& s) {
  const std::string& name = s.name.text;
  if (is_member(members_of_, name)) return constant();
  const Meaning meaning = names_.resolve(name);
  note(meaning, s);
  if (s.op == Operator::looks_like) problems_.later(at(s.op_offset), "comparison looks like");
  switch (meaning.kind) {
    case Meaning::Kind::unknown:
      if (definitions_->contains(name))
        error(s.name.offset, fmt::format("\"{}\" is a definition: it stands alone", name));
      else
        names_.complain(meaning, name, at(s.name.offset), problems_);
      return constant();
    case Meaning::Kind::later: check_later(s, meaning); return constant();
    case Meaning::Kind::check: return compare_check(s, meaning.index);
    case Meaning::Kind::tag: return compare_tag(s);
    case Meaning::Kind::score: return compare_score(s);
    case Meaning::Kind::fact: return s.op == Operator::looks_like ? constant() : compare_fact(s, meaning);
  }
  return constant();
}

// What can be told of a comparison whose fact comes later: its list.
void ExpressionCompiler::check_later(const Syntax& s, const Meaning& meaning) {
  names_.complain(meaning, s.name.text, at(s.name.offset), problems_);
  if ((s.op == Operator::in || s.op == Operator::looks_like) && !s.bracketed) list_test(s, FactType::text);
}

void ExpressionCompiler::note(const Meaning& meaning, const Syntax& s) {
  const std::string& name = s.name.text;
  switch (meaning.kind) {
    case Meaning::Kind::later:
      remarks_->has_later = true;
      remarks_->grounded = true;
      break;  // nobody can tell yet
    case Meaning::Kind::check:
    case Meaning::Kind::tag:
    case Meaning::Kind::score: remarks_->grounded = true; break;
    case Meaning::Kind::fact:
      if (name.starts_with("header.") || name == "helo" || name.starts_with("sender") || name == "client.ptr")
        remarks_->forgeable = true;
      if (name == "client.ip" || name == "client.name" || name == "client.net" || name == "authenticated" ||
          name == "login" || name == "tls.subject" || name == "listener") {
        remarks_->grounded = true;
      }
      if (name == "direction" && !(s.values.size() == 1 && s.values.front().text == "inbound" && !s.negated))
        remarks_->grounded = true;
      if (meaning.doc->scope == Scope::recipient) remarks_->names_recipient = true;
      break;
    case Meaning::Kind::unknown: break;
  }
  const bool is_limit = name.starts_with("limit.");  // whether it tells them apart is known later
  if (meaning.kind == Meaning::Kind::check && !is_limit && program_.checks[meaning.index].tells_recipients_apart())
    remarks_->names_recipient = true;
}

}  // namespace postern::rules
