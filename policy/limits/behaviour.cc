#include "policy/limits/behaviour.h"

#include "policy/limits/behaviour_counts.h"
#include "policy/limits/behaviour_settings.h"
#include "policy/limits/behaviour_signs.h"

namespace postern::limits {

struct Behaviour::Parts {
  Parts(const BehaviourSettings& s, Ledger& ledger) : settings(s), counts(settings, ledger) {}

  BehaviourSettings settings;
  BehaviourCounts counts;
};

Behaviour::Behaviour(const BehaviourSettings& settings, Ledger& ledger)
    : parts_(std::make_unique<const Parts>(settings, ledger)) {}
Behaviour::~Behaviour() = default;

Judgement Behaviour::judge(const Subject& subject, const Circumstances& where, std::string_view recipient,
                           std::span<const std::string> pending, const Deadline& deadline) const {
  Counts counts;
  if (!parts_->counts.read(subject, where, recipient, pending, deadline, counts)) return {.known = false, .signs = {}};
  return weigh(parts_->settings, subject.kind, counts);
}

void Behaviour::sent(const Subject& subject, const Circumstances& where, const Sent& message,
                     const Deadline& deadline) const {
  parts_->counts.sent(subject, where, message, deadline);
}

void Behaviour::begin_anew(const Subject& subject, const Circumstances* where, const Deadline& deadline) const {
  parts_->counts.begin_anew(subject, where, deadline);
}

void Behaviour::refused(const Subject& subject) const { parts_->counts.refused(subject); }

}  // namespace postern::limits
