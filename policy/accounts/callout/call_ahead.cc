#include "policy/accounts/callout/call_ahead.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/accounts/callout/governor.h"
#include "policy/accounts/callout/known.h"
#include "policy/accounts/callout/memory.h"
#include "policy/accounts/callout/prober.h"
#include "policy/base/text.h"
#include "policy/base/tls.h"

namespace postern::callout {

namespace {

constexpr std::string_view kScheme = "smtp://";
constexpr std::size_t kMostAddresses = 4;  // local: of one server

std::optional<std::uint16_t> port_of(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

CacheTimes cache_times(const CallAheadOptions& options) {
  CacheTimes times;
  times.exists = options.exists;
  times.refresh = options.refresh;
  times.refresh_again = options.temporary;
  times.missing = times.missing_again = options.missing;
  times.accept_all = times.selective = options.accept_all;
  times.refused_us = times.temporary = options.temporary;
  return times;
}

// What was found at other servers is not what these would say.
std::string scope_of(const CallAheadOptions& options) {
  std::string scope = "ahead ";
  for (const AheadServer& server : options.servers) scope += server.text() + ' ';
  return scope;
}

}  // namespace

std::optional<AheadServer> AheadServer::parse(std::string_view url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const bool is_bracketed = url.starts_with('[');
  const std::size_t host_end = is_bracketed ? url.find(']') : url.find(':');
  if (is_bracketed && host_end == std::string_view::npos) return std::nullopt;
  const std::string_view host = is_bracketed ? url.substr(1, host_end - 1) : url.substr(0, host_end);
  std::string_view rest = host_end == std::string_view::npos ? "" : url.substr(host_end + (is_bracketed ? 1 : 0));
  AheadServer server{.host = IpAddress(), .port = 25};
  if (!rest.empty()) {
    const auto port = rest.front() == ':' ? port_of(rest.substr(1)) : std::nullopt;
    if (!port) return std::nullopt;
    server.port = *port;
  }
  if (const auto address = IpAddress::parse(host)) {
    server.host = *address;
    return server;
  }
  const auto domain = is_bracketed ? std::nullopt : Domain::parse(host);
  if (!domain) return std::nullopt;
  server.host = *domain;
  return server;
}

std::string AheadServer::text() const {
  if (const auto* domain = std::get_if<Domain>(&host)) return fmt::format("smtp://{}:{}", domain->text(), port);
  return fmt::format("smtp://[{}]:{}", std::get<IpAddress>(host).text(), port);
}

struct CallAhead::State {
  State(const CallAheadOptions& o, const Services& s, Dial dialer)
      : options(o),
        services(s),
        dial(std::move(dialer)),
        tls(opportunistic_tls()),
        memory(s.store, cache_times(o), scope_of(o)),
        governor({.at_once = o.connections,
                  .per_host_and_minute = o.connections_per_minute,
                  .per_minute = o.connections_per_minute * std::max<std::size_t>(o.servers.size(), 1)},
                 s.clock),
        prober({.threads = o.threads,
                .queue = o.queue,
                .per_group = o.threads + o.queue,
                .hard = o.times.total,
                .thread_name = "postern-ahead"}) {}
  ~State() { governor.close(); }

  Verdict verify(const Mailbox& recipient, const Deadline& deadline);
  Verdict find_out(const Mailbox& recipient, SteadyTime until);
  std::vector<Target> targets(SteadyTime until) const;
  Verdict count(Verdict verdict);
  Counter& counter(std::string_view what) { return services.counters.get(fmt::format("call_ahead.{}", what)); }

  const CallAheadOptions options;
  const Services services;
  const Dial dial;
  const std::shared_ptr<const TlsContext> tls;
  Memory memory;
  Governor governor;
  Prober prober;  // last: its threads use all of the above
};

Verdict CallAhead::State::verify(const Mailbox& recipient, const Deadline& deadline) {
  if (!recipient.domain) {
    Verdict verdict;
    verdict.kind = Kind::not_asked;
    verdict.cause = Cause::no_domain;
    verdict.reason = "an address without a domain name";
    return count(std::move(verdict));
  }
  const std::string key = recipient.text();
  const auto work = [this, recipient](SteadyTime until) { return find_out(recipient, until); };
  if (auto before = known(memory, recipient, services.clock.wall())) {
    counter("cached").add();
    if (before->refresh) prober.start(key, recipient.domain->text(), work);
    return count(std::move(before->verdict));
  }
  const SteadyTime soft = std::chrono::steady_clock::now() + options.soft;
  return count(prober.ask(key, recipient.domain->text(), work, deadline.no_later_than(soft)));
}

Verdict CallAhead::State::count(Verdict verdict) {
  counter(name(verdict.kind)).add();
  if (verdict.kind == Kind::unknown) counter(fmt::format("unknown.{}", name(verdict.cause))).add();
  return verdict;
}

// An administrator named them, so their addresses may be of any class.
std::vector<Target> CallAhead::State::targets(SteadyTime until) const {
  const std::shared_ptr<dns::Resolver> dns = services.dns.current();
  std::vector<Target> found;
  for (const AheadServer& server : options.servers) {
    if (const auto* address = std::get_if<IpAddress>(&server.host)) {
      found.push_back({*address, server.port, {}});
      continue;
    }
    const auto& host = std::get<Domain>(server.host);
    const dns::Answer answer = dns::addresses(*dns, host, Deadline(until));
    for (std::size_t i = 0; i < std::min(answer.addresses.size(), kMostAddresses); ++i)
      found.push_back({answer.addresses[i], server.port, host.text()});
  }
  return found;
}

// On a thread of the prober.
Verdict CallAhead::State::find_out(const Mailbox& recipient, SteadyTime until) {
  const WallTime now = services.clock.wall();
  if (auto before = known(memory, recipient, now); before && !before->refresh)
    return before->verdict;  // found meanwhile
  const ProbeOrder order{.targets = targets(until),
                         .most_hosts = options.servers.size() * kMostAddresses,
                         .hostname = options.hostname,
                         .sender = options.sender,
                         .recipient = recipient,
                         .heeds = false,  // it is ours
                         .invents = !memory.is_selective(*recipient.domain, now),
                         .times = options.times};
  if (order.targets.empty()) {
    Verdict verdict;
    verdict.cause = Cause::dns;
    verdict.reason = "no server has an address";
    return verdict;
  }
  const ProbeTools tools{.governor = governor, .tls = tls.get(), .dial = dial, .interrupt = prober.interrupt()};
  counter("probes").add();
  return keep(probe(order, tools, until), recipient, memory, services.clock.wall());
}

CallAhead::CallAhead(const CallAheadOptions& options, const Services& services, Dial dialer)
    : state_(std::make_unique<State>(options, services, std::move(dialer))) {}

CallAhead::~CallAhead() = default;

Verdict CallAhead::verify(const Mailbox& recipient, const Deadline& deadline) {
  return state_->verify(recipient, deadline);
}

Health CallAhead::health() const {
  const std::size_t under_way = state_->prober.under_way();
  const std::size_t running = std::min(state_->prober.running(), under_way);
  return {.probing = under_way, .waiting = under_way - running, .today = 0, .paused_domains = 0};
}

}  // namespace postern::callout
