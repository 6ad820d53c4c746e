#pragma once

#include <cstddef>
#include <string>

#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/evidence/context.h"
#include "policy/evidence/site.h"

namespace postern {

/// Where mail for a domain goes (RFC 5321 5.1), and what keeps it from getting there.
struct MailRoute {
  /// In this order the first that is true of any mail host is the verdict: a host that works wins, then what could not
  /// be found out, then the trouble that is nearest to working. So several faults never make each other worse.
  enum class Verdict {
    usable,       ///< some host has an address that everybody reaches
    unavailable,  ///< an answer that could have made it usable was not to be had
    bogus,        ///< the same, and DNSSEC is why (RFC 4035 5.5)
    alias,        ///< works, but each host that does is an alias (RFC 2181 10.3)
    ourselves,    ///< leads to us, who do not serve the domain
    loopback,
    private_,
    bogon,
    literal,     ///< the MX is an IP address where a host name belongs (RFC 1035 3.3.9)
    dangling,    ///< the host has no address
    broken,      ///< the MX is no host name at all, or "." beside others (RFC 7505 3)
    null_mx,     ///< the domain says that it takes no mail (RFC 7505); speaks for the domain, as do the next two
    no_address,  ///< neither MX nor address
    nxdomain,    ///< no such domain, confirmed by an uncached question
  };
  Verdict verdict = Verdict::unavailable;
  std::string reason;   ///< for the log; may hold hostile text
  bool capped = false;  ///< there were more mail hosts than were looked at
};

/// Finds the route of `domain`, looking at its `most_hosts` best mail hosts, or at its own addresses where it has no
/// MX.
///
/// Always returns a route. A verdict worse than bogus rests on answers alone: no failed lookup could have made it
/// better, and each NXDOMAIN in it has been asked again uncached. Costs 1 question and at most 4 a host, 1 more for a
/// domain that does not exist. All hosts are asked about at once; blocks no longer than `deadline`. Thread-safe.
MailRoute find_mail_route(const Domain& domain, const Site& site, std::size_t most_hosts, dns::Resolver& dns,
                          const Deadline& deadline);

/// The same for the domain of somebody who wrote a message: one of site.domains and this host are usable without a
/// question, and while nobody can say which domains are ours, nothing worse than bogus is certain.
MailRoute find_way_back(const Domain& domain, std::size_t most_hosts, const Context& context);

}  // namespace postern
