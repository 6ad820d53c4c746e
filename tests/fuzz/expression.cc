#include <array>
#include <memory>
#include <optional>
#include <string>

#include "policy/rules/decide.h"
#include "policy/rules/rule_set.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using namespace postern::rules;
using fuzz::hold;

namespace {

constexpr std::array<Outcome, 3> kSpf{{
    {"pass", {}, ""},
    {"fail", {550, {7, 23}, "SPF fails"}, "RFC 7372 3.2"},
    {"temperror", {451, {4, 3}, "SPF not known yet"}, "", Failure::yes},
}};
constexpr std::array<Outcome, 3> kGrey{{
    {"known", {}, ""},
    {"new", {451, {7, 1}, "Come back later"}, ""},
    {"unavailable", {}, "", Failure::yes},
}};

Node scalar(std::string_view text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = text;
  node.quoted = true;
  node.where = {"f.yaml", 1, 1};
  return node;
}

// `- {name: judged, when: CONDITION, reject: true}`
Node rules_with(std::string_view condition) {
  Node rule;
  rule.kind = Node::Kind::map;
  rule.where = {"f.yaml", 1, 1};
  rule.entries.emplace_back(scalar("name"), scalar("judged"));
  rule.entries.emplace_back(scalar("when"), scalar(condition));
  rule.entries.emplace_back(scalar("reject"), scalar("because"));
  Node list;
  list.kind = Node::Kind::list;
  list.where = {"f.yaml", 1, 1};
  list.items.push_back(std::move(rule));
  return list;
}

std::shared_ptr<const RuleSet> compile_condition(std::string_view condition, Problems& problems) {
  static const std::array<CheckDecl, 2> kChecks{{
      {"spf", Stage::sender, Scope::message, kSpf, Unavailable::skip},
      {"grey", Stage::recipient, Scope::recipient, kGrey, Unavailable::defer},
  }};
  const Node rules = rules_with(condition);
  const Lists lists;
  Source source;
  source.rules = &rules;
  source.checks = kChecks;
  source.lists = &lists;
  auto compiled = compile(source, problems);
  if (!problems.usable()) return nullptr;
  hold(compiled != nullptr, "usable rules are compiled");
  return compiled;
}

/// A message of which little is known: each fact absent or yet to come, each check where `seed` puts it.
class Little : public Known {
 public:
  Little(const RuleSet& rules, std::size_t seed, bool end) : rules_(rules), seed_(seed), end_(end) {}

  FactState fact(std::size_t index) const override {
    return end_ || (seed_ >> index % 7 & 1) != 0 ? FactState::absent() : FactState{};
  }
  CheckState check(std::size_t index) const override {
    const std::array<Finding, 3>& findings = rules_.checks()[index].name == "spf" ? spf_ : grey_;
    switch ((seed_ + index) % 4) {
      case 0: return {};
      case 1: return {CheckState::Kind::askable, nullptr};
      case 2: return {CheckState::Kind::known, &findings[1]};
      default: return {CheckState::Kind::failed, &findings[2]};
    }
  }
  std::int64_t unix_time() const override { return 1'800'000'000; }

 private:
  const RuleSet& rules_;
  std::size_t seed_;
  bool end_;
  const std::array<Finding, 3> spf_{{{&kSpf[0], ""}, {&kSpf[1], ""}, {&kSpf[2], ""}}};
  const std::array<Finding, 3> grey_{{{&kGrey[0], ""}, {&kGrey[1], ""}, {&kGrey[2], ""}}};
};

std::string told(const RuleSet& rules, std::size_t seed, Stage stage) {
  const Little known(rules, seed, stage == Stage::end);
  const Verdict verdict = decide(rules, known, stage, Layer::enforced);
  switch (verdict.kind) {
    case Verdict::Kind::open: return hold(stage != Stage::end, "the end decides"), "open";
    case Verdict::Kind::needs: return "needs " + rules.checks()[verdict.check].name;
    case Verdict::Kind::certain: break;
  }
  hold(stage == Stage::end || verdict.decision.reply.has_value(), "before the end only a refusal is spoken");
  return std::string(name(verdict.decision.action)) + (verdict.decision.softened ? " softened" : "");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view condition = fuzz::text_of(data, size);
  Problems problems, also;
  const auto rules = compile_condition(condition, problems);
  for (const Problem& problem : problems.all()) {
    hold(!fuzz::has_control(problem.line()), "a problem is one line");
    hold(problem.where.line >= 1 && problem.where.column >= 1, "a problem has a place");
  }
  if (!rules) return 0;
  // In parentheses it means the same.
  const auto wrapped = compile_condition("(" + std::string(condition) + ")", also);
  for (const Stage stage : {Stage::connect, Stage::sender, Stage::recipient, Stage::end}) {
    for (std::size_t seed = 0; seed < 8; ++seed) {
      const std::string verdict = told(*rules, seed * 37, stage);
      if (wrapped) hold(verdict == told(*wrapped, seed * 37, stage), "parentheses change nothing");
    }
  }
  return 0;
}
