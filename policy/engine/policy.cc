#include "policy/engine/policy.h"

#include <algorithm>
#include <string_view>

#include "policy/engine/standing_edits.h"

namespace postern {

Needs derive_needs(const Policy& policy) {
  Needs needs;
  const rules::RuleSet& rules = *policy.rules;
  const auto facts = rules.facts();
  bool counts_recipients = false;  // all else that a refusal could rest on at DATA was known at RCPT
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const std::string_view fact = facts[i].name;
    if (fact == "header" || fact == "hops" || fact == "size") needs.headers = true;
    if (fact.starts_with("from") || fact.starts_with("reply-to")) needs.headers = true;
    if (fact == "size") needs.body = true;
    if (fact.starts_with("tls.")) needs.tls_macros = true;
    if (fact.starts_with("recipients")) counts_recipients = true;
  }
  for (const CheckDecl& check : rules.checks()) {
    if (check.stage >= Stage::headers) needs.headers = true;
  }
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
  // A field over its cap is refused, too; before the end of the message only to spare the body.
  needs.reply_headers =
      needs.headers && needs.body && policy.mode == Mode::enforce && (refuses || has_standing_edits(policy));
  return needs;
}

}  // namespace postern
