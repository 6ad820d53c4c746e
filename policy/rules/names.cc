#include "policy/rules/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"
#include "policy/mail/field_value.h"

namespace postern::rules {

std::optional<std::size_t> Names::check_of(const FactDoc& doc) {
  if (doc.of_check.empty()) return std::nullopt;
  const Meaning check = resolve(doc.of_check);
  return check.kind == Meaning::Kind::check ? std::optional(check.index) : std::nullopt;
}

std::size_t Names::fact_index(const FactDoc& doc, std::string_view name) {
  FactName wanted{std::string(name), {}};
  if (doc.is_prefix())
    wanted = {std::string(doc.name.substr(0, doc.name.size() - 1)), std::string(name.substr(doc.name.size()))};
  const auto found = std::find_if(program_.facts.begin(), program_.facts.end(), [&](const FactName& f) {
    return f.name == wanted.name && ascii_iequals(f.argument, wanted.argument);
  });
  if (found != program_.facts.end()) return static_cast<std::size_t>(found - program_.facts.begin());
  program_.facts.push_back(std::move(wanted));
  program_.fact_docs.push_back(&doc);
  program_.fact_reads.push_back({false, doc.stage});
  program_.fact_checks.push_back(check_of(doc));
  return program_.facts.size() - 1;
}

std::size_t Names::fact_of_limit(std::string_view name, std::size_t check) {
  static constexpr FactDoc kDoc{"limit.", FactType::text};
  const auto found = std::find_if(program_.facts.begin(), program_.facts.end(),
                                  [&](const FactName& f) { return f.name == name && f.argument.empty(); });
  if (found != program_.facts.end()) return static_cast<std::size_t>(found - program_.facts.begin());
  program_.facts.push_back({std::string(name), {}});
  program_.fact_docs.push_back(&kDoc);
  program_.fact_reads.push_back({false, program_.checks[check].stage});
  program_.fact_checks.push_back(check);
  return program_.facts.size() - 1;
}

Meaning Names::resolve_in_text(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (!name.starts_with("limit.") || dot == 5) return resolve(name);
  const auto facts = limit_facts();
  const auto of_limit = [&](const LimitFact& f) { return f.name == name.substr(dot + 1); };
  if (std::none_of(facts.begin(), facts.end(), of_limit)) return resolve(name);
  const Meaning check = resolve(name.substr(0, dot));
  if (check.kind != Meaning::Kind::check) return resolve(name);
  return {Meaning::Kind::fact, nullptr, fact_of_limit(name, check.index)};
}

Meaning Names::resolve(std::string_view name) {
  if (name == "tag") return {Meaning::Kind::tag, nullptr, 0};
  if (name == "score") return {Meaning::Kind::score, nullptr, 0};
  for (std::size_t i = 0; i < program_.checks.size(); ++i) {
    if (program_.checks[i].name == name) return {Meaning::Kind::check, nullptr, i};
  }
  for (const CheckDecl& decl : checks_) {
    if (decl.name != name) continue;
    program_.checks.push_back(decl);
    program_.check_reads.push_back({false, decl.stage});
    return {Meaning::Kind::check, nullptr, program_.checks.size() - 1};
  }
  if (const FactDoc* doc = find_fact(name)) {
    if (doc->later) return {Meaning::Kind::later, doc, 0};
    if (doc->is_prefix() && !is_field_name(name.substr(doc->name.size()))) return {};
    return {Meaning::Kind::fact, doc, fact_index(*doc, name)};
  }
  if (name.starts_with("limit.")) return {};  // every limit is declared
  if (is_check_name(name)) return {Meaning::Kind::later, nullptr, 0};
  return {};
}

void Names::complain(const Meaning& meaning, std::string_view name, const Place& where, Problems& problems) const {
  if (meaning.kind == Meaning::Kind::later) {
    problems.later(where, fmt::format("{} {}", meaning.doc != nullptr ? "fact" : "check", printable(name)));
    return;
  }
  if (name.starts_with("limit.")) {
    std::string hint = did_you_mean(name, all());
    if (hint.empty()) hint = "limits stand in limits:; texts may tell their used, allow, remaining, next and key";
    problems.error(where, fmt::format("there is no limit \"{}\"", printable(name.substr(6))), hint);
    return;
  }
  problems.error(where, fmt::format("there is no fact \"{}\"", printable(name)), did_you_mean(name, all()));
}

std::vector<std::string> Names::all() const {
  std::vector<std::string> names;
  for (const FactDoc& doc : fact_table()) {
    if (!doc.is_prefix()) names.emplace_back(doc.name);
  }
  for (const std::string_view check : check_names()) {
    if (!check.ends_with('.')) names.emplace_back(check);
  }
  for (const CheckDecl& decl : checks_) names.push_back(decl.name);
  return names;
}

}  // namespace postern::rules
