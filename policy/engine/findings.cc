#include "policy/engine/findings.h"

#include "policy/checks/run.h"
#include "policy/engine/configured_check.h"

namespace postern {

Findings::Findings(Services& services, Scope scope, Inputs inputs)
    : services_(services), scope_(scope), inputs_(std::move(inputs)) {
  slots_.resize(inputs_.policy->rules->checks().size());
}

Findings::Slot& Findings::begun(std::size_t index) {
  Slot& slot = slots_[index];
  if (slot.lazy) return slot;
  const ConfiguredCheck& check = *configured_check(*inputs_.policy, index);
  slot.lazy.emplace([inputs = inputs_, &check, view = inputs_.dns->view(check.questions), &clock = services_.clock,
                     &counters = services_.counters,
                     began = services_.clock.now()](const Deadline& deadline) -> std::optional<Found> {
    const MailFacts mail{
        .client = inputs.client.get(),
        .greeting = inputs.greeting.get(),
        .sender = inputs.sender.get(),
        .recipient = inputs.recipient.get(),
        .addresses = inputs.addresses.get(),
        .first_received = inputs.first_received,
        .direction = inputs.direction,
        .taken = inputs.taken ? std::span(inputs.taken->data(), inputs.taken_before) : std::span<const std::string>()};
    const Surroundings around{.site = inputs.policy->site,
                              .backends = *inputs.policy->backends,
                              .clock = clock,
                              .unix_time = inputs.unix_time,
                              .counters = &counters,
                              .may_probe = inputs.policy->mode == Mode::enforce,
                              .evidence = inputs.evidence.get(),
                              .signing = inputs.policy->signing.get()};
    std::optional<Run> run = run_check(check, mail, around, *view, deadline, began);
    if (!run) return std::nullopt;
    const double ms = std::chrono::duration<double, std::milli>(clock.now() - began).count();
    return Found{std::move(run->finding), ms, run->trust};
  });
  return slot;
}

void Findings::start(Stage stage) {
  const auto checks = inputs_.policy->rules->checks();
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].scope != scope_ || checks[i].stage != stage) continue;
    const ConfiguredCheck* const check = configured_check(*inputs_.policy, i);
    if (check == nullptr || check->type->start != Start::early) continue;  // null: a limit, which is never early
    Lazy<Found>& lazy = *begun(i).lazy;
    const SteadyTime now = services_.clock.now();
    // What the cache knows needs no thread: to hand it over costs more than the check.
    if (!lazy.get(Deadline(now))) lazy.start(services_.pool, now + check->timeout);
  }
}

rules::CheckState Findings::state(std::size_t index, Stage stage) const {
  using Kind = rules::CheckState::Kind;
  const Slot& slot = slots_[index];
  if (slot.found)
    return {slot.found->finding.outcome->failure == Failure::yes ? Kind::failed : Kind::known, &slot.found->finding};
  if (inputs_.policy->rules->checks()[index].stage > stage || slot.waited_at == stage) return {Kind::later, nullptr};
  return {Kind::askable, nullptr};
}

void Findings::ask(std::size_t index, Stage stage, const Deadline& deadline) {
  Slot& slot = begun(index);
  slot.found = slot.lazy->get(deadline);
  if (!slot.found) slot.waited_at = stage;
}

dns::Trust Findings::trust(std::size_t index) const {
  const Slot& slot = slots_[index];
  return slot.found ? slot.found->trust : dns::Trust::local;
}

std::vector<Findings::Told> Findings::told() const {
  std::vector<Told> told;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].found) told.push_back({i, slots_[i].found->finding, slots_[i].found->ms, slots_[i].found->trust});
  }
  return told;
}

}  // namespace postern
