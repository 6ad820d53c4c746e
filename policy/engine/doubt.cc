#include "policy/engine/doubt.h"

#include <algorithm>
#include <set>
#include <string>

#include "policy/engine/known_facts.h"

namespace postern {

namespace {

using rules::CheckState;
using rules::Decision;
using rules::FinalAction;

bool is_harm(const Decision& d) {
  return d.action == FinalAction::discard || (d.reply && d.reply->reply_class() == ReplyClass::permfail);
}

/// What is known, but for the findings that rest on doubtful answers: those may be anything.
class WithoutDoubtful final : public rules::Known {
 public:
  WithoutDoubtful(const Transaction& t, const RecipientState* recipient, Stage stage)
      : t_(t), recipient_(recipient), known_(t, recipient, stage) {}

  rules::FactState fact(std::size_t index) const override { return known_.fact(index); }
  CheckState check(std::size_t index) const override {
    return doubt(index).empty() ? known_.check(index) : CheckState{CheckState::Kind::later, nullptr};
  }
  std::int64_t unix_time() const override { return known_.unix_time(); }

  /// Why the finding of check `index` is doubtful, as `degraded` names it; empty where it is not, or there is none.
  std::string doubt(std::size_t index) const {
    const CheckState state = known_.check(index);
    if (state.kind != CheckState::Kind::known || state.finding == nullptr) return {};
    const bool of_message = t_.policy->rules->checks()[index].scope == Scope::message;
    switch ((of_message ? *t_.findings : *recipient_->findings).trust(index)) {
      case dns::Trust::local: return {};
      case dns::Trust::servers: return t_.dns->in_doubt() ? "dns:canary" : std::string();
      case dns::Trust::stale: return "dns:stale";
      case dns::Trust::doubted: return "dns:canary";
    }
    return {};
  }

 private:
  const Transaction& t_;
  const RecipientState* recipient_;
  const KnownFacts known_;
};

}  // namespace

void spare_what_dns_may_have_wrong(const Transaction& t, const RecipientState* recipient, Stage stage,
                                   rules::Layer layer, rules::Verdict& verdict) {
  if (!t.has_checks() || !is_harm(verdict.decision)) return;
  const WithoutDoubtful known(t, recipient, stage);
  std::set<std::string> doubts;
  for (std::size_t i = 0; i < t.policy->rules->checks().size(); ++i) doubts.insert(known.doubt(i));
  doubts.erase(std::string());
  if (doubts.empty()) return;
  rules::Verdict without = rules::decide(*t.policy->rules, known, stage, layer);
  const bool stands = without.kind == rules::Verdict::Kind::certain && is_harm(without.decision);
  if (stands) {
    verdict = std::move(without);
    return;
  }
  Decision& d = verdict.decision;
  d.action = FinalAction::defer;
  d.reply = Reply::make(ReplyClass::tempfail, 451, {4, 3}, "DNS answers are in doubt here, try again later");
  d.text.clear();
  d.softened = true;
  std::erase_if(d.effects, [](const rules::Effect& effect) { return effect.kind == rules::Effect::Kind::freeze; });
  for (const std::string& doubt : doubts) {
    if (std::find(d.degraded.begin(), d.degraded.end(), doubt) == d.degraded.end()) d.degraded.push_back(doubt);
  }
}

}  // namespace postern
