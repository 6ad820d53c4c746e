#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/result.h"
#include "policy/base/breaker.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

/// The `dns:` section.
struct Options {
  struct Server {
    std::string address;
    std::uint16_t port = 53;
  };
  std::vector<Server> servers;              ///< forwarders; none: those of /etc/resolv.conf
  std::string trust_anchor;                 ///< file for DNSSEC (dns-root-data's); empty: no validation
  std::vector<std::string> zone_files;      ///< answered from files alone, before anything is asked
  bool offline = false;                     ///< `postern test` without --dns: what no zone file knows fails at once
  std::chrono::milliseconds timeout{5000};  ///< longest wait for one question, whatever the caller's deadline
  std::size_t cache_entries = 100'000;
  std::chrono::seconds least_negative_age{60};  ///< NXDOMAIN and NODATA are remembered at least so long (FAULTS T44)
  std::chrono::seconds most_age{86'400};
  std::chrono::seconds failure_age{5};     ///< a tempfail is answered from memory so long, no longer
  std::size_t outstanding = 2000;          ///< questions under way at once; more get tempfail and count
  std::size_t zone_outstanding = 200;      ///< the same for one target zone (FAULTS T44)
  std::chrono::seconds stale_age{86'400};  ///< a good answer serves so long past its age when no new one comes; 0: not
  std::vector<Domain> canary;              ///< names that exist for sure; none: no canary
  Breaker::Limits breaker;
};

/// The resolver of a process: cache in front, single flight, deadline a question, zone files, libunbound. `clock` and
/// `counters` outlive it. Fails on an unreadable zone file or trust anchor, or a server that is no address.
Result<std::unique_ptr<Resolver>> make_resolver(const Options& options, const Clock& clock, Counters& counters);

}  // namespace postern::dns
