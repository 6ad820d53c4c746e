#include "policy/accounts/callout/callout.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/accounts/callout/budget.h"
#include "policy/accounts/callout/evidence.h"
#include "policy/accounts/callout/governor.h"
#include "policy/accounts/callout/known.h"
#include "policy/accounts/callout/memory.h"
#include "policy/accounts/callout/prober.h"
#include "policy/accounts/callout/route.h"
#include "policy/accounts/callout/shape.h"
#include "policy/accounts/callout/streaks.h"
#include "policy/base/text.h"
#include "policy/base/tls.h"

namespace postern::callout {

namespace {

constexpr std::size_t kMostReasonBytes = 300;  // verdict.h

Verdict verdict_of(Kind kind, Cause cause, std::string reason) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.cause = cause;
  verdict.reason = printable(reason, kMostReasonBytes);
  return verdict;
}

}  // namespace

struct Callout::State {
  State(const CalloutOptions& o, const Services& s, Dial dialer)
      : options(o),
        services(s),
        dial(std::move(dialer)),
        door(o.our_addresses, o.allow),
        tls(opportunistic_tls()),
        memory(s.store, o.cache),
        evidence(s.store, o.cache),
        budget(s.store, o.limits.probes_per_day, o.limits.probes_per_client_and_hour),
        streaks({o.limits.missing_in_a_row, o.limits.pause}),
        governor({.at_once = 1,
                  .per_host_and_minute = o.limits.connections_per_host_and_minute,
                  .per_minute = o.limits.connections_per_minute},
                 s.clock),
        prober({.threads = o.threads,
                .queue = o.queue,
                .per_group = 2,
                .hard = o.times.total,
                .thread_name = "postern-call"}) {}
  ~State() { governor.close(); }

  Verdict verify(const Mailbox& mailbox, const Asker& asker, const Deadline& deadline);
  std::optional<Verdict> excused(const Mailbox& mailbox, const Asker& asker) const;
  Verdict find_out(const Mailbox& mailbox, const Asker& asker, SteadyTime until);
  std::optional<Verdict> without_route(const Route& route, const Mailbox& mailbox);
  std::optional<Verdict> over_a_limit(const Mailbox& mailbox, const Asker& asker);
  ProbeResult ask(const Mailbox& mailbox, std::vector<Target> targets, SteadyTime until);
  Verdict count(Verdict verdict);
  Counter& counter(std::string_view what) { return services.counters.get(fmt::format("callout.{}", what)); }

  const CalloutOptions options;
  const Services services;
  const Dial dial;
  const Door door;
  const std::shared_ptr<const TlsContext> tls;
  Memory memory;
  Evidence evidence;
  Budget budget;
  Streaks streaks;
  Governor governor;
  Prober prober;  // last: its threads use all of the above
};

// Why nobody is asked on purpose; costs nothing.
std::optional<Verdict> Callout::State::excused(const Mailbox& mailbox, const Asker& asker) const {
  const auto not_asked = [](Cause cause, std::string reason) {
    return verdict_of(Kind::not_asked, cause, std::move(reason));
  };
  if (!mailbox.domain) return not_asked(Cause::no_domain, "an address without a domain name");
  if (!asker.skip.empty()) return not_asked(Cause::skipped, asker.skip);
  const std::string_view shape = machine_made(mailbox);
  if (!shape.empty()) return not_asked(Cause::shape, fmt::format("an address of the kind {}", shape));
  for (const Domain& domain : options.opt_out) {
    if (mailbox.domain->is_within(domain))
      return not_asked(Cause::opted_out, fmt::format("{} is not to be asked", domain.text()));
  }
  return std::nullopt;
}

Verdict Callout::State::verify(const Mailbox& mailbox, const Asker& asker, const Deadline& deadline) {
  if (auto verdict = excused(mailbox, asker)) return count(std::move(*verdict));
  const WallTime now = services.clock.wall();
  if (auto verdict = evidence.of(mailbox, now)) return count(std::move(*verdict));
  const std::string key = mailbox.text();
  const auto work = [this, mailbox, asker](SteadyTime until) { return find_out(mailbox, asker, until); };
  if (auto before = known(memory, mailbox, now)) {
    counter("cached").add();
    if (before->refresh) prober.start(key, mailbox.domain->text(), work);
    return count(std::move(before->verdict));
  }
  if (const auto record = memory.opted_out(*mailbox.domain, now)) return count(record->verdict(now));
  if (streaks.is_paused(*mailbox.domain, services.clock.now())) {
    counter("paused").add();
    return count(verdict_of(Kind::unknown, Cause::limit,
                            fmt::format("too many mailboxes of {} in a row were none", mailbox.domain->text())));
  }
  const SteadyTime soft = std::chrono::steady_clock::now() + options.soft;
  return count(prober.ask(key, mailbox.domain->text(), work, deadline.no_later_than(soft)));
}

Verdict Callout::State::count(Verdict verdict) {
  counter(name(verdict.kind)).add();
  if (verdict.kind == Kind::unknown) counter(fmt::format("unknown.{}", name(verdict.cause))).add();
  return verdict;
}

// On a thread of the prober.
Verdict Callout::State::find_out(const Mailbox& mailbox, const Asker& asker, SteadyTime until) {
  const WallTime now = services.clock.wall();
  if (auto before = known(memory, mailbox, now); before && !before->refresh) return before->verdict;  // found meanwhile
  const std::shared_ptr<dns::Resolver> dns = services.dns.current();
  Route route = find_route(*mailbox.domain, door, *dns, Deadline(until));
  counter("forbidden_addresses").add(static_cast<std::int64_t>(route.forbidden));
  if (auto verdict = without_route(route, mailbox)) return *verdict;
  // local: who is connected to us may be verifying us at this moment (FAULTS T49).
  const bool is_client = std::any_of(route.targets.begin(), route.targets.end(),
                                     [&](const Target& target) { return target.address == asker.client; });
  if (is_client) return verdict_of(Kind::unknown, Cause::client, "the client is the mail host itself");
  std::erase_if(route.targets, [&](const Target& target) { return memory.is_opted_out(target.address, now); });
  if (route.targets.empty()) return verdict_of(Kind::not_asked, Cause::opted_out, "its mail hosts told us not to ask");
  if (auto verdict = over_a_limit(mailbox, asker)) return *verdict;
  const ProbeResult result = ask(mailbox, std::move(route.targets), until);
  const bool nobody_was_asked = result.cause == Cause::limit || result.cause == Cause::busy;
  if (nobody_was_asked) budget.give_back(asker.client, now);
  if (prober.interrupt().raised()) return verdict_of(Kind::unknown, Cause::unreachable, "Postern ends");
  return keep(result, mailbox, memory, services.clock.wall());
}

std::optional<Verdict> Callout::State::without_route(const Route& route, const Mailbox& mailbox) {
  Cause cause = Cause::no_mail_host;
  switch (route.status) {
    case Route::Status::found: return std::nullopt;
    case Route::Status::null_mx:
    case Route::Status::no_host: break;
    case Route::Status::forbidden: cause = Cause::forbidden; break;
    case Route::Status::unavailable:
      return verdict_of(Kind::unknown, Cause::dns, route.reason);  // DNS has its own cache
  }
  Verdict verdict = verdict_of(Kind::unknown, cause, route.reason);
  memory.put_trouble(*mailbox.domain, cause, verdict.reason, services.clock.wall());
  return verdict;
}

std::optional<Verdict> Callout::State::over_a_limit(const Mailbox& mailbox, const Asker& asker) {
  const WallTime now = services.clock.wall();
  if (asker.client && !budget.takes_one_for(*asker.client, now)) {
    counter("over_client").add();
    return verdict_of(Kind::unknown, Cause::limit, "too many probes for the client's network in this hour");
  }
  if (!budget.takes_one(now)) {
    counter("over_day").add();
    return verdict_of(Kind::unknown, Cause::limit,
                      fmt::format("{}: too many probes on this day", mailbox.domain->text()));
  }
  return std::nullopt;
}

ProbeResult Callout::State::ask(const Mailbox& mailbox, std::vector<Target> targets, SteadyTime until) {
  const Domain& domain = *mailbox.domain;
  ProbeOrder order{.targets = std::move(targets),
                   .most_hosts = options.limits.hosts,
                   .hostname = options.hostname,
                   .sender = std::nullopt,
                   .recipient = mailbox,
                   .heeds = true,
                   .invents = !memory.is_selective(domain, services.clock.wall()),
                   .times = options.times};
  const ProbeTools tools{.governor = governor, .tls = tls.get(), .dial = dial, .interrupt = prober.interrupt()};
  counter("probes").add();
  const ProbeResult result = probe(order, tools, until);
  if (result.cause == Cause::limit) counter("over_host").add();
  if (result.opts_out) counter("opted_out").add();
  if (result.kind == Kind::exists) streaks.exists(domain);
  if (result.kind == Kind::missing && streaks.missing(domain, services.clock.now())) counter("pauses").add();
  return result;
}

Callout::Callout(const CalloutOptions& options, const Services& services, Dial dialer)
    : state_(std::make_unique<State>(options, services, std::move(dialer))) {}

Callout::~Callout() = default;

Verdict Callout::verify(const Mailbox& mailbox, const Asker& asker, const Deadline& deadline) {
  return state_->verify(mailbox, asker, deadline);
}

void Callout::note_delivered(const Mailbox& mailbox) {
  state_->evidence.note_delivered(mailbox, state_->services.clock.wall());
}

void Callout::note_undeliverable(const Mailbox& mailbox) {
  state_->evidence.note_undeliverable(mailbox, state_->services.clock.wall());
}

Health Callout::health() const {
  const std::size_t under_way = state_->prober.under_way();
  const std::size_t running = std::min(state_->prober.running(), under_way);
  return {.probing = under_way,
          .waiting = under_way - running,
          .today = state_->budget.today(state_->services.clock.wall()),
          .paused_domains = state_->streaks.paused(state_->services.clock.now())};
}

}  // namespace postern::callout
