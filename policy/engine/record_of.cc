#include "policy/engine/record_of.h"

#include <algorithm>

namespace postern {

std::string rule_name(const Policy& policy, const rules::Decision& decision) {
  return decision.rule ? policy.rules->rules()[*decision.rule].name : std::string();
}

DecisionRecord record_of(const Transaction& t) {
  DecisionRecord record;
  record.id = t.id;
  record.queue_id = t.queue_id;
  record.generation = t.policy->generation;
  record.mode = t.policy->mode;
  record.client = t.client;
  record.greeting = t.greeting;
  record.sender = t.sender;
  record.direction = t.direction;
  record.evidence = t.evidence;
  record.bytes = t.header_bytes + t.body_bytes;
  for (const RecipientState& r : t.recipients) {
    DecisionRecord::RecipientOutcome outcome;
    outcome.address = r.recipient->path.text();
    outcome.by_mta = r.by_mta;
    outcome.reply = r.refused_reply;
    if (r.refused) {
      outcome.action = r.refused->action;
      outcome.rule = rule_name(*t.policy, *r.refused);
    }
    record.recipients.push_back(std::move(outcome));
  }
  const auto checks = t.policy->rules->checks();
  const auto tell_findings = [&](const Findings& findings, const std::string& recipient) {
    for (const Findings::Told& told : findings.told()) {
      record.findings.push_back({checks[told.index].name, std::string(told.finding.outcome->name), told.finding.reason,
                                 recipient, told.ms, told.finding.outcome->failure == Failure::yes, told.trust});
    }
  };
  if (t.findings) tell_findings(*t.findings, {});
  for (const RecipientState& r : t.recipients) {
    if (r.findings) tell_findings(*r.findings, r.recipient->path.text());
  }
  if (!t.limits) return record;
  for (const LimitBook::Told& told : t.limits->told())
    record.findings.push_back({checks[told.check].name,
                               std::string(told.finding->outcome->name),
                               told.finding->reason,
                               {},
                               0,
                               told.finding->outcome->failure == Failure::yes,
                               dns::Trust::local});
  return record;
}

void enter(DecisionRecord& record, const Policy& policy, const rules::Decision& decision,
           const std::optional<Reply>& spoken, Stage stage) {
  record.action = decision.action;
  record.rule = rule_name(policy, decision);
  record.reply = spoken;
  record.text = decision.text;
  record.softened = decision.softened;
  record.stage = stage;
  record.matched = decision.matched;
  record.degraded = decision.degraded;
  const bool stale = std::any_of(record.findings.begin(), record.findings.end(),
                                 [](const auto& finding) { return finding.trust == dns::Trust::stale; });
  const std::string told = "dns:stale";
  if (stale && std::find(record.degraded.begin(), record.degraded.end(), told) == record.degraded.end())
    record.degraded.push_back(told);
  record.tags = decision.tags;
  record.score = decision.score;
  const auto rules = policy.rules->rules();
  for (const rules::Effect& effect : decision.effects) {
    if (effect.kind == rules::Effect::Kind::log) record.log.push_back(rules[effect.rule].name + ": " + effect.value);
  }
}

}  // namespace postern
