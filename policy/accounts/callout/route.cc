#include "policy/accounts/callout/route.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace postern::callout {

namespace {

using Status = Route::Status;

constexpr std::size_t kMostHosts = 5;    // local: of one domain
constexpr std::size_t kMostTargets = 8;  // local

Route without_targets(Status status, std::string reason) {
  return {.status = status, .targets = {}, .reason = std::move(reason), .forbidden = 0};
}

// The hosts of one preference.
struct Rank {
  std::vector<std::string> hosts;
};

std::vector<Rank> ranks_of(const std::vector<dns::Mx>& records) {
  std::map<std::uint16_t, Rank> ranks;
  std::size_t taken = 0;
  for (const dns::Mx& mx : records) {
    if (++taken > kMostHosts) break;
    ranks[mx.preference].hosts.push_back(mx.host);
  }
  std::vector<Rank> in_order;
  for (auto& rank : ranks) in_order.push_back(std::move(rank.second));
  return in_order;
}

class Walk {
 public:
  Walk(const Door& door, dns::Resolver& dns, const Deadline& deadline) : door_(door), dns_(dns), deadline_(deadline) {}

  // False where we are one of them: what comes behind us would send the mail back to us (RFC 5321 5.1).
  bool take(const Rank& rank) {
    const std::size_t before = route_.targets.size();
    bool behind_us = false;
    for (const std::string& text : rank.hosts) {
      const auto host = Domain::parse(text);
      if (!host || IpAddress::parse(text)) continue;  // RFC 1035 3.3.9: an MX is a name, and an address none
      behind_us |= !take(*host);
    }
    if (behind_us) route_.targets.resize(before);
    return !behind_us;
  }

  bool take(const Domain& host) {
    const dns::Answer answer = dns::addresses(dns_, host, deadline_);
    if (answer.status == dns::Status::tempfail || answer.status == dns::Status::bogus) {
      unavailable_ = true;
      note(fmt::format("{}: {}", host.text(), answer.problem.empty() ? dns::name(answer.status) : answer.problem));
    }
    bool ours = false;
    for (const IpAddress& address : answer.addresses) {
      ours |= door_.is_ours(address);
      const std::uint16_t port = door_.port_of(address);
      if (port == 0) {
        ++route_.forbidden;
        note(fmt::format("{} is {} ({})", host.text(), address.text(),
                         door_.is_ours(address) ? "ours" : name(classify(address))));
      } else if (route_.targets.size() < kMostTargets) {
        route_.targets.push_back({address, port, host.text()});
      }
    }
    return !ours;
  }

  Route end(std::string_view domain) && {
    if (!route_.targets.empty())
      route_.status = Status::found;
    else if (unavailable_)
      route_.status = Status::unavailable;
    else
      route_.status = route_.forbidden > 0 ? Status::forbidden : Status::no_host;
    if (route_.reason.empty()) route_.reason = fmt::format("{} has no mail host with an address", domain);
    return std::move(route_);
  }

 private:
  void note(const std::string& text) {
    if (!route_.reason.empty()) route_.reason += ", ";
    route_.reason += text;
  }

  const Door& door_;
  dns::Resolver& dns_;
  const Deadline deadline_;
  Route route_;
  bool unavailable_ = false;
};

}  // namespace

bool Door::is_ours(const IpAddress& address) const {
  return std::find(ours_.begin(), ours_.end(), address) != ours_.end();
}

std::uint16_t Door::port_of(const IpAddress& address) const {
  if (is_ours(address)) return 0;
  for (const AllowedTarget& allowed : allow_) {
    if (allowed.network.contains(address)) return allowed.port;
  }
  return classify(address) == AddressClass::global ? 25 : 0;
}

Route find_route(const Domain& domain, const Door& door, dns::Resolver& dns, const Deadline& deadline) {
  const dns::AnswerPtr mx = dns.query({domain, dns::Type::mx}, deadline);
  Walk walk(door, dns, deadline);
  switch (mx->status) {
    case dns::Status::nxdomain:
      return without_targets(Status::no_host, fmt::format("{} does not exist", domain.text()));
    case dns::Status::tempfail:
    case dns::Status::bogus:
      return without_targets(
          Status::unavailable,
          fmt::format("{} MX: {}", domain.text(), mx->problem.empty() ? dns::name(mx->status) : mx->problem));
    case dns::Status::nodata: walk.take(domain); return std::move(walk).end(domain.text());  // RFC 5321 5.1
    case dns::Status::ok: break;
  }
  if (mx->mx.size() == 1 && mx->mx.front().host.empty())
    return without_targets(Status::null_mx, fmt::format("{} has a null MX", domain.text()));
  for (const Rank& rank : ranks_of(mx->mx)) {
    if (!walk.take(rank)) break;
  }
  return std::move(walk).end(domain.text());
}

}  // namespace postern::callout
