#include "policy/engine/policy.h"

#include <algorithm>
#include <string_view>

#include "policy/engine/configured_check.h"
#include "policy/engine/standing_edits.h"

namespace postern {

Needs derive_needs(const Policy& policy) {
  Needs needs;
  const rules::RuleSet& rules = *policy.rules;
  const auto facts = rules.facts();
  bool counts_recipients = false;  // all else that a refusal could rest on at DATA was known at RCPT
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const std::string_view fact = facts[i].name;
    if (fact == "header" || fact == "hops" || fact == "repeated" || fact == "size") needs.headers = true;
    if (fact.starts_with("origin")) needs.headers = true;
    if (fact.starts_with("from") || fact.starts_with("reply-to")) needs.headers = true;
    if (fact == "size") needs.body = true;
    if (fact.starts_with("tls.")) needs.tls_macros = true;
    if (fact.starts_with("recipients")) counts_recipients = true;
  }
  const auto counts_bytes = [](const limits::Limit& limit) { return limit.unit == limits::Unit::bytes; };
  if (std::any_of(policy.limits.begin(), policy.limits.end(), counts_bytes)) needs.headers = needs.body = true;
  for (std::size_t i = 0; i < rules.checks().size(); ++i) {
    const Stage stage = rules.checks()[i].stage;
    if (rules.checks()[i].of_message) counts_recipients = true;
    if (rules.checks()[i].name == "behaviour") needs.behaviour = needs.headers = needs.body = true;
    if (stage >= Stage::headers) needs.headers = true;
    const ConfiguredCheck* const check = configured_check(policy, i);
    if (check == nullptr || !check->type->evidence) continue;
    needs.evidence = true;
    if (stage == Stage::end) needs.body = needs.signatures = true;
  }
  if (policy.signing) needs.headers = needs.body = needs.evidence = needs.signatures = true;
  const auto infos = rules.rules();
  const auto in_force = [&](auto what) {
    return std::any_of(infos.begin(), infos.end(), [&](const auto& rule) { return !rule.monitored && what(rule); });
  };
  using rules::FinalAction;
  const bool refuses = in_force([](const auto& rule) {
    return rule.final == FinalAction::reject || rule.final == FinalAction::defer || rule.final == FinalAction::bounce;
  });
  needs.reply_mail = refuses && policy.answer_at == Stage::sender;
  needs.reply_rcpt = refuses;
  needs.reply_data = refuses && counts_recipients;
  needs.quarantine = in_force([](const auto& rule) { return rule.final == FinalAction::quarantine; });
  needs.add_headers = in_force([](const auto& rule) {
    return std::find(rule.other_actions.begin(), rule.other_actions.end(), "add_header") != rule.other_actions.end();
  });
  if (has_standing_edits(policy)) {
    needs.headers = true;
    needs.add_headers = true;
    needs.change_headers = true;
  }
  // Only to spare the body: what is certain there is certain at the end, too.
  const auto settles_at_headers = [](const rules::Reads& reads) {
    return reads.enforced && reads.stage == Stage::headers;
  };
  const auto fact_reads = rules.fact_reads();
  const auto check_reads = rules.check_reads();
  needs.reply_headers = needs.headers && needs.body && policy.mode == Mode::enforce && refuses &&
                        (std::any_of(fact_reads.begin(), fact_reads.end(), settles_at_headers) ||
                         std::any_of(check_reads.begin(), check_reads.end(), settles_at_headers));
  return needs;
}

}  // namespace postern
