#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/accounts/callout/dial.h"
#include "policy/accounts/callout/governor.h"
#include "policy/accounts/callout/options.h"
#include "policy/accounts/callout/route.h"
#include "policy/accounts/callout/verdict.h"
#include "policy/base/tls.h"
#include "policy/mail/address.h"

namespace postern::callout {

/// What a probe is made with. All of it outlives the probe.
struct ProbeTools {
  Governor& governor;
  const TlsContext* tls;  ///< null: plain text
  const Dial& dial;
  const Interrupt& interrupt;
};

/// What is asked, of whom.
struct ProbeOrder {
  std::vector<Target> targets;    ///< in this order
  std::size_t most_hosts = 3;     ///< so many of them are tried
  std::string hostname;           ///< said in EHLO
  std::optional<Mailbox> sender;  ///< nothing: the null reverse-path, which nobody verifies (FAULTS T49)
  Mailbox recipient;
  bool heeds = true;    ///< a host that asks not to be probed
  bool invents = true;  ///< also ask for a mailbox that cannot exist, where the recipient is taken
  DialogueTimes times;
};

/// What came of it.
struct ProbeResult {
  Kind kind = Kind::unknown;
  Cause cause = Cause::unreachable;
  std::string reason;               ///< may quote the host, printable
  bool of_domain = false;           ///< it would be the same for every mailbox of the domain
  std::optional<bool> accepts_all;  ///< where an invented mailbox was asked for and the answer was clear
  bool opts_out = false;            ///< the host asks not to be probed …
  std::optional<IpAddress> host;    ///< … this one; who answered
};

/// The TLS of probes: any encryption is better than none (RFC 7435). Null where there can be none.
std::shared_ptr<const TlsContext> opportunistic_tls();

/// Asks: EHLO, STARTTLS where it is offered, MAIL, RCPT with the mailbox, RCPT with an invented one, RSET, QUIT
/// (FIELD 2.4). The next target is tried where one cannot be reached, breaks off or says 4yz before MAIL. Blocks no
/// longer than until `until`. Never throws.
ProbeResult probe(const ProbeOrder& order, const ProbeTools& tools, SteadyTime until);

}  // namespace postern::callout
