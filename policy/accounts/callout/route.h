#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/accounts/callout/options.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"

namespace postern::callout {

/// What is connected to: this address, not this name. Nobody resolves it again.
struct Target {
  IpAddress address;
  std::uint16_t port = 25;
  std::string host;  ///< its name, for SNI and the log
};

/// Where mail for a domain goes, as far as we may go there.
struct Route {
  enum class Status {
    found,        ///< `targets` is not empty, the best first
    null_mx,      ///< RFC 7505
    no_host,      ///< no such domain, or no MX and no address, or MX without any
    forbidden,    ///< every address is not global, or ours, or behind us in preference
    unavailable,  ///< DNS did not answer
  };
  Status status = Status::unavailable;
  std::vector<Target> targets;
  std::string reason;         ///< for the log; may hold hostile text
  std::size_t forbidden = 0;  ///< addresses that were left out
};

/// Which addresses are connected to, and where.
class Door {
 public:
  Door(std::vector<IpAddress> our_addresses, std::vector<AllowedTarget> allow)
      : ours_(std::move(our_addresses)), allow_(std::move(allow)) {}

  bool is_ours(const IpAddress& address) const;
  /// The port to connect to: 25 of a global address (FAULTS T45), what is configured of an allowed one; 0: not at all.
  std::uint16_t port_of(const IpAddress& address) const;

 private:
  const std::vector<IpAddress> ours_;
  const std::vector<AllowedTarget> allow_;
};

/// Walks the MX records of `domain` by preference, or takes its own addresses where it has none (RFC 5321 5.1), and
/// classifies every address. Looks at no more than 5 hosts and answers no more than 8 targets. Blocks no longer than
/// `deadline`. Thread-safe.
Route find_route(const Domain& domain, const Door& door, dns::Resolver& dns, const Deadline& deadline);

}  // namespace postern::callout
