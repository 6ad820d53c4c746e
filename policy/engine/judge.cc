#include "policy/engine/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/engine/ask.h"
#include "policy/engine/doubt.h"
#include "policy/engine/known_facts.h"

namespace postern {

using rules::Decision;
using rules::FinalAction;
using rules::Split;

namespace {

bool refuses(const Decision& d) { return d.reply.has_value(); }

// Of two refusals: a 4xx is always safe (LANGUAGE 5).
bool is_softer(const Decision& a, const Decision& b) {
  return a.reply->reply_class() == ReplyClass::tempfail && b.reply->reply_class() == ReplyClass::permfail;
}

// Rules without facts of one recipient are decided once (LANGUAGE 6).
bool is_scoped(const Transaction& t) {
  const auto rules = t.policy->rules->rules();
  return std::any_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.scoped; });
}

// LANGUAGE 2: inbound retry, submission whole. Local mail is never refused at a recipient (PLATFORM 3), and relays are
// our own machines.
Split split_of(const Transaction& t, const std::optional<Split>& of_rule) {
  if (t.direction == Direction::local) return Split::whole;
  if (of_rule) return *of_rule;
  if (t.policy->split) return *t.policy->split;
  return t.direction == Direction::inbound ? Split::retry : Split::whole;
}

bool splits_by_profile(const Transaction& t) {
  if (t.direction == Direction::local) return false;
  const auto rules = t.policy->rules->rules();
  const bool scoped = std::any_of(rules.begin(), rules.end(),
                                  [](const auto& rule) { return rule.scoped && rule.final && !rule.monitored; });
  const auto wants = [&](const auto& rule) { return rule.scoped && split_of(t, rule.split) == Split::retry; };
  return scoped && std::any_of(rules.begin(), rules.end(), wants);
}

std::string profile_of(Transaction& t, RecipientState& recipient, const Deadline& deadline) {
  const KnownFacts known(t, &recipient, Stage::recipient);
  for (;;) {
    rules::Profile profile = rules::profile(*t.policy->rules, known, Stage::recipient);
    if (!profile.needs) return std::move(profile.values);
    ask_for(t, &recipient, *profile.needs, Stage::recipient, deadline);
  }
}

Decision differing(const std::string& why) {
  Decision d;
  d.action = FinalAction::defer;
  d.reply = Reply::make(ReplyClass::tempfail, 451, {5, 3}, why);  // LANGUAGE 6: what still differs at the end gets 451
  return d;
}

// Everybody's copy has the edits of each recipient's rules, and the log tells all that was found.
void merge_effects(Decision& into, const Decision& other) {
  const auto add_new = [](auto& list, const auto& items) {
    for (const auto& item : items) {
      if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
    }
  };
  add_new(into.matched, other.matched);
  add_new(into.degraded, other.degraded);
  add_new(into.tags, other.tags);
  for (const rules::Effect& effect : other.effects) {
    const auto same = [&](const rules::Effect& e) {
      return e.kind == effect.kind && e.rule == effect.rule && e.name == effect.name && e.value == effect.value;
    };
    if (std::none_of(into.effects.begin(), into.effects.end(), same)) into.effects.push_back(effect);
  }
}

struct OfRecipient {
  const RecipientState* recipient;
  Decision decision;
};

// What is spoken for all recipients says for whom.
Reply naming(const Reply& reply, const std::vector<std::string>& recipients) {
  constexpr std::size_t kMostNames = 5;  // local: a reply stays readable
  std::string names;
  for (std::size_t i = 0; i < recipients.size() && i < kMostNames; ++i)
    names += (i > 0 ? ", <" : "<") + recipients[i] + ">";
  if (recipients.size() > kMostNames) names += fmt::format(" and {} more", recipients.size() - kMostNames);
  return Reply::make(reply.reply_class(), reply.code(), reply.status(), names + ": " + reply.text());
}

Decision whole(const std::vector<OfRecipient>& all) {
  // Refuse all: with a 4xx when one of the refusals is one, since that is always safe (LANGUAGE 5).
  const OfRecipient* chosen = nullptr;
  std::vector<std::string> names;
  for (const OfRecipient& one : all) {
    if (!refuses(one.decision)) continue;
    names.push_back(one.recipient->recipient->path.text());
    if (chosen == nullptr || is_softer(one.decision, chosen->decision)) chosen = &one;
  }
  if (chosen != nullptr) {
    Decision d = chosen->decision;
    d.reply = naming(*d.reply, names);
    return d;
  }
  // Quarantine acts on the whole message (LANGUAGE 6); so does what one recipient's copy alone would have been
  // discarded for.
  const auto held = std::find_if(all.begin(), all.end(),
                                 [](const OfRecipient& one) { return one.decision.action != FinalAction::accept; });
  Decision d = held->decision;
  d.action = FinalAction::quarantine;
  if (d.text.empty()) d.text = "held for " + held->recipient->recipient->path.text();
  return d;
}

bool same_end(const Decision& a, const Decision& b) {
  return a.action == b.action && a.rule == b.rule && a.reply.has_value() == b.reply.has_value() &&
         (!a.reply || a.reply->code() == b.reply->code());
}

Decision combine(const Transaction& t, std::vector<OfRecipient> all) {
  const bool same = std::all_of(all.begin(), all.end(),
                                [&](const OfRecipient& one) { return same_end(one.decision, all.front().decision); });
  Decision d = all.front().decision;
  if (!same) {
    const bool one_class =
        std::all_of(all.begin(), all.end(), [](const OfRecipient& one) { return refuses(one.decision); });
    const auto refusing =
        std::find_if(all.begin(), all.end(), [](const OfRecipient& one) { return refuses(one.decision); });
    const Split split = split_of(t, refusing == all.end() ? std::nullopt : refusing->decision.split);
    // All are refused, only with other words: nothing to send apart.
    d = split == Split::retry && !one_class
            ? differing("The recipients of this message need different treatment: send it to each alone")
            : whole(all);
  }
  for (const OfRecipient& one : all) merge_effects(d, one.decision);
  return d;
}

}  // namespace

rules::Verdict settle(Transaction& t, RecipientState* recipient, Stage stage, rules::Layer layer,
                      const Deadline& deadline) {
  const KnownFacts known(t, recipient, stage);
  rules::Deciding deciding(*t.policy->rules, known, stage, layer);
  for (;;) {
    rules::Verdict verdict = deciding.verdict();
    if (verdict.kind == rules::Verdict::Kind::certain)
      spare_what_dns_may_have_wrong(t, recipient, stage, layer, verdict);
    if (verdict.kind != rules::Verdict::Kind::needs) return verdict;
    ask_for(t, recipient, verdict.check, stage, deadline);
  }
}

bool fits_profile(Transaction& t, RecipientState& recipient, const Deadline& deadline) {
  if (!splits_by_profile(t)) return true;
  const auto taken = [&](const RecipientState& r) { return &r != &recipient && r.accepted(); };
  const auto first = std::find_if(t.recipients.begin(), t.recipients.end(), taken);
  // Both now: what is known of the message grows, so a profile of an earlier moment does not compare.
  return first == t.recipients.end() || profile_of(t, *first, deadline) == profile_of(t, recipient, deadline);
}

std::optional<Decision> refusal_for_all(Transaction& t, Stage stage, const Deadline& deadline) {
  const bool scoped = is_scoped(t);
  std::optional<Decision> softest;
  for (RecipientState& recipient : t.recipients) {
    if (!recipient.accepted()) continue;
    rules::Verdict verdict = settle(t, &recipient, stage, rules::Layer::enforced, deadline);
    if (verdict.kind != rules::Verdict::Kind::certain) return std::nullopt;
    if (!softest || is_softer(verdict.decision, *softest)) softest = std::move(verdict.decision);
    if (!scoped) break;
  }
  return softest;
}

Decision conclude(Transaction& t, rules::Layer layer, const Deadline& deadline) {
  const bool scoped = is_scoped(t);
  std::vector<OfRecipient> all;
  for (RecipientState& recipient : t.recipients) {
    if (!recipient.accepted()) continue;
    all.push_back({&recipient, settle(t, &recipient, Stage::end, layer, deadline).decision});
    if (!scoped) break;
  }
  if (all.empty()) return settle(t, nullptr, Stage::end, layer, deadline).decision;
  return combine(t, std::move(all));
}

}  // namespace postern
