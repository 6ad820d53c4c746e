#include "policy/engine/carry_out.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "policy/base/text.h"
#include "policy/checks/behaviour.h"
#include "policy/engine/record_of.h"
#include "policy/engine/subject.h"
#include "policy/limits/freezer.h"

namespace postern {

namespace {

using notices::Incident;
using rules::Effect;

constexpr std::size_t kRecipientsTold = 5;  // local: a sample

std::string name_of(const Transaction& t, std::size_t rule) { return t.policy->rules->rules()[rule].name; }

/// Whom it is about: the same incident while this is the same.
std::string key_of(const Transaction& t) {
  if (!t.sender->login.empty()) return fold(t.sender->login);
  if (t.client->ip) return network_of(*t.client->ip).text();  // FAULTS T56: a stranger has a whole /64
  return t.sender->path.text();
}

bool is_ours(const Transaction& t, const Path& path) {
  return path.mailbox && path.mailbox->domain && t.policy->site.is_ours(*path.mailbox->domain, t.unix_time);
}

// Nobody outside is written to because of what strangers do (FAULTS T51).
void add_addresses(const Transaction& t, const std::string& whom, const rules::Decision& decision,
                   const RecipientState* at_hand, std::vector<std::string>& to) {
  const auto add = [&to](const std::string& address) {
    if (std::find(to.begin(), to.end(), address) == to.end()) to.push_back(address);
  };
  if (whom == "postmaster") {
    add(t.policy->postmaster);
  } else if (whom == "recipient") {
    for (const RecipientState& r : t.recipients) {
      const bool is_meant = &r == at_hand || (r.accepted() && !(at_hand != nullptr && decision.scoped));
      if (is_meant && is_ours(t, r.recipient->path)) add(r.recipient->path.text());
    }
  } else if (whom == "login") {
    if (const Path path = Path::parse(t.sender->login); is_ours(t, path)) add(path.text());
  } else {
    add(whom);
  }
}

std::vector<std::pair<std::string, std::string>> sample_of(const Transaction& t, const rules::Decision& decision) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&facts](std::string name, std::string value) {
    if (!value.empty()) facts.emplace_back(std::move(name), std::move(value));
  };
  add("action", std::string(rules::name(decision.action)));
  if (decision.reply) add("reply", decision.reply->text());
  add("login", t.sender->login);
  add("client", t.client->ip ? t.client->ip->text() : "this machine");
  add("client name", t.client->name);
  add("helo", t.greeting->helo);
  add("sender", t.sender->path.text());
  add("recipients", std::to_string(t.recipients.size()));
  for (std::size_t i = 0; i < t.recipients.size() && i < kRecipientsTold; ++i)
    add("recipient", t.recipients[i].recipient->path.text());
  add("subject", subject_of(t));
  for (const DecisionRecord::CheckResult& finding : record_of(t).findings) {
    if (finding.check.starts_with("limit.") || finding.check == "behaviour")
      add(finding.check, finding.outcome + (finding.reason.empty() ? "" : ", " + finding.reason));
  }
  return facts;
}

// Its time over, or released, it is not frozen again for what it was frozen for.
void judge_anew(const Transaction& t, const Deadline& deadline) {
  const auto& behaviour = t.policy->backends->behaviour;
  const auto subject = watched(*t.client, *t.sender, t.direction);
  if (!behaviour || !subject) return;
  const limits::Circumstances where = circumstances(t.policy->site, *t.client, t.unix_time);
  behaviour->begin_anew(*subject, &where, deadline);
}

void freeze(const Transaction& t, const Effect& effect, Services& services, const Deadline& deadline) {
  limits::Freezer* const freezer = t.policy->backends->freezer.get();
  if (freezer == nullptr || t.sender->login.empty()) return;
  const bool is_new = !freezer->find(t.sender->login);
  std::int64_t seconds = 0;
  std::from_chars(effect.value.data(), effect.value.data() + effect.value.size(), seconds);
  const std::string rule = name_of(t, effect.rule);
  freezer->freeze(t.sender->login, std::chrono::seconds(seconds), "rule " + rule);
  services.counters.get("accounts.frozen").add();
  services.log.write(Event{"freeze", LogLevel::warning, {}}
                         .add("login", t.sender->login)
                         .add("seconds", seconds)
                         .add("rule", rule)
                         .add("id", t.id));
  if (is_new) judge_anew(t, deadline);
}

}  // namespace

void carry_out(Transaction& t, const rules::Decision& decision, const RecipientState* at_hand, Services& services,
               const Deadline& deadline) {
  std::vector<Incident> incidents;
  for (const Effect& effect : decision.effects) {
    if (effect.kind != Effect::Kind::freeze && effect.kind != Effect::Kind::notify) continue;
    const auto done = [&](const Effect& e) {
      return e.kind == effect.kind && e.rule == effect.rule && e.name == effect.name;
    };
    if (std::any_of(t.carried_out.begin(), t.carried_out.end(), done)) continue;
    t.carried_out.push_back(effect);
    if (effect.kind == Effect::Kind::freeze) {
      freeze(t, effect, services, deadline);
      continue;
    }
    const std::string rule = name_of(t, effect.rule);
    auto incident = std::find_if(incidents.begin(), incidents.end(), [&](const Incident& i) { return i.rule == rule; });
    if (incident == incidents.end()) {
      incidents.push_back({.rule = rule,
                           .key = key_of(t),
                           .id = t.id,
                           .what = "Rule " + rule + " holds for " + key_of(t),
                           .facts = sample_of(t, decision),
                           .to = {}});
      incident = incidents.end() - 1;
    }
    add_addresses(t, effect.name, decision, at_hand, incident->to);
  }
  if (!services.on_incident) return;
  for (Incident& incident : incidents) services.on_incident(std::move(incident));
}

}  // namespace postern
