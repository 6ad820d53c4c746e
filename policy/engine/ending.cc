#include "policy/engine/ending.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "policy/base/text.h"
#include "policy/checks/behaviour.h"
#include "policy/engine/carry_out.h"
#include "policy/engine/judge.h"
#include "policy/engine/record_of.h"
#include "policy/engine/report_data.h"
#include "policy/engine/standing_edits.h"
#include "policy/engine/subject.h"
#include "policy/mail/field_value.h"

namespace postern {

using rules::Decision;
using rules::FinalAction;

namespace {

bool lets_through(FinalAction action) { return action == FinalAction::accept || action == FinalAction::quarantine; }

Reaction::Kind kind_of(FinalAction action) {
  switch (action) {
    case FinalAction::accept: return Reaction::Kind::accept;
    case FinalAction::quarantine: return Reaction::Kind::quarantine;
    case FinalAction::discard: return Reaction::Kind::discard;
    case FinalAction::defer:
    case FinalAction::reject:
    case FinalAction::bounce: return Reaction::Kind::refuse;
  }
  return Reaction::Kind::accept;
}

// How the monitored rules would have ended it, when that is otherwise.
std::string would_have(Transaction& t, const Decision& decision, const Deadline& deadline) {
  const auto rules = t.policy->rules->rules();
  if (std::none_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.monitored; })) return {};
  const Decision shadow = conclude(t, rules::Layer::shadow, deadline);
  if (shadow.action == decision.action && shadow.rule == decision.rule) return {};
  std::string would(rules::name(shadow.action));
  if (shadow.rule) would += " " + rule_name(*t.policy, shadow);
  return would;
}

std::vector<Edit> edits_of(const Decision& decision, StandingEdits& standing, bool encode) {
  std::vector<Edit> edits = std::move(standing.edits);
  for (const rules::Effect& effect : decision.effects) {
    if (effect.kind != rules::Effect::Kind::add_header) continue;
    std::string value = encode ? field_value(effect.name, effect.value) : effect.value;
    edits.push_back({Edit::Kind::add_header, effect.name, std::move(value), 0});
  }
  return edits;
}

// What the watched have sent, for what they send next.
void note_sent(const Transaction& t, const Deadline& deadline) {
  const auto& behaviour = t.policy->backends->behaviour;
  if (!t.likeness || !behaviour) return;
  const auto subject = watched(*t.client, *t.sender, t.direction);
  if (!subject) return;
  limits::Sent sent{.recipients = {}, .subject = subject_of(t), .body = t.likeness->value()};
  for (const RecipientState& r : t.recipients) {
    if (r.accepted()) sent.recipients.push_back(fold(r.recipient->path.text()));
  }
  behaviour->sent(*subject, circumstances(t.policy->site, *t.client, t.unix_time), sent, deadline);
}

}  // namespace

Ending end_message(Transaction& t, const Deadline& deadline, Services& services) {
  const Decision decision = conclude(t, rules::Layer::enforced, deadline);
  if (lets_through(decision.action)) ask_for_standing_edits(t, deadline);
  std::string would = would_have(t, decision, deadline);  // before all is counted: it may ask for limits
  const bool is_taken = lets_through(decision.action) || decision.action == FinalAction::discard;
  if (t.limits && is_taken) t.limits->take(t, deadline);
  if (t.limits && !is_taken) t.limits->refuse();
  if (is_taken) note_sent(t, deadline);
  if (t.policy->mode == Mode::enforce) carry_out(t, decision, nullptr, services, deadline);

  Ending ending{{kind_of(decision.action), {}, decision.text, {}}, record_of(t)};
  Reaction& reaction = ending.reaction;
  DecisionRecord& record = ending.record;
  if (decision.reply) reaction.reply = decision.reply->with_id(t.id);
  if (lets_through(decision.action) && t.policy->mode == Mode::enforce) {
    StandingEdits standing = standing_edits(t);
    record.authentication_results = std::move(standing.authentication_results);
    reaction.edits = edits_of(decision, standing, services.limits.encodes_values);
    for (Edit& edit : signatures(t, reaction.edits, record.authentication_results, services))
      reaction.edits.push_back(std::move(edit));
  }
  if (t.policy->mode == Mode::enforce) record_for_reports(t, decision, services.clock.wall());
  enter(record, *t.policy, decision, reaction.reply, Stage::end);
  record.would = std::move(would);
  record.edits = reaction.edits;
  for (DecisionRecord::RecipientOutcome& outcome : record.recipients) {
    if (outcome.reply || outcome.by_mta) continue;
    outcome.action = decision.action;
    outcome.rule = record.rule;
    outcome.reply = reaction.reply;
  }
  return ending;
}

}  // namespace postern
