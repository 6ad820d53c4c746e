#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/ip.h"
#include "policy/dns/domain.h"

namespace postern {

/// An SMTP mailbox (RFC 5321 4.1.2, RFC 6531 3.3). The local part is stored without its quotes and backslashes and
/// keeps its case. Exactly one of `domain` and `literal` is set, unless the address has no domain at all ("postmaster",
/// local submissions).
struct Mailbox {
  std::string local;
  std::optional<Domain> domain;
  std::optional<IpAddress> literal;  ///< of `user@[192.0.2.1]`; a literal that is no IP address is no mailbox

  /// As a person writes it: `local@domain`, the local part quoted where it must be. Compare Mailboxes by parts, not by
  /// this.
  std::string text() const;
  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

/// The address of MAIL or RCPT as the milter gets it: `<a@b>`, `a@b`, `<@relay:a@b>`, `<"a b"@c>`, `<>`, any case.
/// `null` is the null reverse-path. An address of no legal shape has neither, and `valid()` is false: its raw text is
/// what is left.
struct Path {
  std::string raw;  ///< as the client wrote it, at most 1000 bytes
  bool null = false;
  std::optional<Mailbox> mailbox;

  bool valid() const { return null || mailbox.has_value(); }
  /// `<>` as an empty text, a mailbox as Mailbox::text(), what is neither as it came without its angle brackets.
  std::string text() const;

  /// Always answers. Source routes are dropped (RFC 5321 4.1.1.3); a local part over 64 bytes or a path over 254 is
  /// still taken when it parses (RFC 5321 4.5.3.1.3 lets implementations be more generous), over 1000 bytes it is not
  /// valid.
  static Path parse(std::string_view text);
};

}  // namespace postern
