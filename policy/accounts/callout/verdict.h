#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace postern::callout {

/// What is known of a mailbox.
enum class Kind {
  exists,
  missing,     ///< its host says that there is no such mailbox
  accept_all,  ///< its host takes any recipient of the domain, so nothing is known of this one
  unknown,     ///< nobody could tell
  not_asked,   ///< nobody was asked, on purpose
};
std::string_view name(Kind kind);

/// Where a verdict comes from, in words that a policy, a metric and a test can rely on.
enum class Cause {
  reply,         ///< the host's answer to RCPT
  evidence,      ///< mail that went by
  refused_us,    ///< the host does not talk to us, or takes no null reverse-path
  temporary,     ///< 4yz
  unclear,       ///< an answer that says nothing of the mailbox, or none that SMTP knows
  unreachable,   ///< no connection, no answer in time, broken off
  no_mail_host,  ///< the domain has none: null MX, no address, no such domain
  forbidden,     ///< its hosts have only addresses that are not connected to (RFC 6890), or ours
  dns,           ///< where it is could not be found out
  client,        ///< its host is the client that is connected to us, and may be verifying us at this moment
  limit,         ///< over a limit of ours
  busy,          ///< as many are asked about already as may be
  late,          ///< no answer yet: it will be in the store
  opted_out,     ///< the domain is not asked: by configuration, or since its hosts told us so
  shape,         ///< an address made for one message, or by a program
  skipped,       ///< the caller knew better
  no_domain,     ///< no domain name behind the @
};
std::string_view name(Cause cause);

struct Verdict {
  Kind kind = Kind::unknown;
  Cause cause = Cause::unclear;
  std::string reason;  ///< for the log alone: printable, cut after 300 bytes, may quote the remote host
  bool cached = false;
  std::chrono::seconds age{0};  ///< of a cached verdict, or of evidence
  bool late = false;            ///< unknown only since the caller's time was over
};

}  // namespace postern::callout
