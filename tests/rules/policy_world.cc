#include "tests/rules/policy_world.h"

#include <fmt/format.h>

#include <array>

#include "config/yaml_reader.h"

namespace postern::rules {

namespace {

constexpr std::array<Outcome, 6> kSpf{{
    {"pass", {}, ""},
    {"none", {}, ""},
    {"fail", {550, {7, 23}, "SPF fails"}, "RFC 7372 3.2"},
    {"softfail", {550, {7, 23}, "SPF softfails"}, ""},
    {"temperror", {451, {4, 3}, "SPF not known yet"}, "", Failure::yes},
    {"permerror", {550, {7, 24}, "SPF is broken"}, ""},
}};
constexpr std::array<Outcome, 4> kHost{{
    {"ok", {}, ""},
    {"nxdomain", {550, {1, 8}, "Sender domain does not exist"}, "RFC 5321 2.3.5"},
    {"unavailable", {451, {4, 3}, "Sender domain not verified yet"}, "", Failure::yes},
    {"bogus", {451, {4, 3}, "Sender domain fails DNSSEC"}, "", Failure::yes},
}};
constexpr std::array<Outcome, 3> kVirus{{
    {"clean", {}, ""},
    {"infected", {554, {7, 0}, "Virus"}, ""},
    {"unavailable", {451, {3, 0}, "No scanner"}, "", Failure::yes},
}};
constexpr std::array<Outcome, 3> kGrey{{
    {"known", {}, ""},
    {"new", {451, {7, 1}, "Come back later"}, ""},
    {"unavailable", {}, "", Failure::yes},
}};

constexpr std::array<Outcome, 3> kOwner{{
    {"own", {}, ""},
    {"foreign", {550, {7, 1}, "Not yours"}, ""},
    {"unavailable", {451, {3, 0}, "Not known yet"}, "", Failure::yes},
}};

const std::array<CheckDecl, 5>& decls() {
  static const std::array<CheckDecl, 5> all{{
      {"spf", Stage::sender, Scope::message, kSpf, Unavailable::skip},
      {"host", Stage::sender, Scope::message, kHost, Unavailable::defer},
      {"virus", Stage::end, Scope::message, kVirus, Unavailable::defer},
      {"grey", Stage::recipient, Scope::recipient, kGrey, Unavailable::skip},
      {"identity.sender", Stage::sender, Scope::message, kOwner, Unavailable::skip},
  }};
  return all;
}

}  // namespace

PolicyWorld::PolicyWorld(std::string_view yaml, std::map<std::string, std::string> files, bool all_monitored) {
  const auto document = config::read_yaml("p.yaml", yaml, problems_);
  if (!document) return;
  if (const Node* lists = document->find("lists")) {
    for (const auto& [name, node] : lists->entries) lists_.add(name.text, compile_list(name.text, node, "", problems_));
  }
  const std::vector<std::string> later{"inbound/greylist", "inbound/callout"};
  Source source;
  source.define = document->find("define");
  source.rules = document->find("rules");
  source.checks = decls();
  source.later_rules = later;
  source.lists = &lists_;
  source.all_monitored = all_monitored;
  source.include = [&](const std::string& name, const Place& where) -> Result<Node> {
    const auto found = files.find(name);
    if (found == files.end()) return Error{"there is no file \"" + name + "\"", where};
    auto node = config::read_yaml(name, found->second, problems_);
    if (!node) return Error{"it cannot be read", where};
    return std::move(*node);
  };
  rules_ = compile(source, problems_);
}

std::vector<std::string> PolicyWorld::lines() const {
  std::vector<std::string> lines;
  for (const Problem& p : problems_.sorted()) lines.push_back(p.line());
  return lines;
}

PolicyWorld& PolicyWorld::fact(std::string_view name, Value value) { return values(name, {std::move(value)}); }

PolicyWorld& PolicyWorld::values(std::string_view name, std::vector<Value> values) {
  facts_[std::string(name)] = {FactState::Kind::known, std::move(values)};
  return *this;
}

PolicyWorld& PolicyWorld::count(std::string_view name, std::int64_t at_least) {
  facts_[std::string(name)] = {FactState::Kind::at_least, {Value(at_least)}};
  return *this;
}

PolicyWorld& PolicyWorld::answer(std::string_view check, std::string_view outcome) {
  CheckState& state = checks_[std::string(check)];
  state = {};
  if (outcome == "askable") state.kind = CheckState::Kind::askable;
  for (const CheckDecl& decl : decls()) {
    if (decl.name != check) continue;
    for (const Outcome& o : decl.outcomes) {
      if (o.name != outcome) continue;
      findings_[std::string(check)] = {&o, "", {}};
      state = {o.failure == Failure::yes ? CheckState::Kind::failed : CheckState::Kind::known,
               &findings_[std::string(check)]};
    }
  }
  return *this;
}

PolicyWorld& PolicyWorld::for_now(std::string_view check) {
  findings_[std::string(check)].only_for_now = true;
  return *this;
}

PolicyWorld& PolicyWorld::found(std::string_view check, std::string name, std::string value) {
  findings_[std::string(check)].facts.emplace_back(std::move(name), std::move(value));
  return *this;
}

FactState PolicyWorld::fact(std::size_t index) const {
  const FactName& name = rules_->facts()[index];
  const auto found = facts_.find(name.argument.empty() ? name.name : name.name + '.' + name.argument);
  return found == facts_.end() ? FactState{} : found->second;
}

CheckState PolicyWorld::check(std::size_t index) const {
  const auto found = checks_.find(rules_->checks()[index].name);
  return found == checks_.end() ? CheckState{} : found->second;
}

std::string PolicyWorld::say(Stage stage, Layer layer) const {
  const Verdict v = decide(*rules_, *this, stage, layer);
  if (v.kind == Verdict::Kind::open) return "open";
  if (v.kind == Verdict::Kind::needs) return "needs " + rules_->checks()[v.check].name;
  const Decision& d = v.decision;
  std::string out(name(d.action));
  if (d.softened) out += " softened";
  if (d.reply) out += fmt::format(" {} {}", d.reply->code_text(), d.reply->status_text());
  if (d.rule) out += " by " + std::string(rules_->rules()[*d.rule].name);
  if (d.reply)
    out += ": " + d.reply->text();
  else if (!d.text.empty())
    out += ": " + d.text;
  return out;
}

}  // namespace postern::rules
