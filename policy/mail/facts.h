#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/ip.h"
#include "policy/mail/address.h"

namespace postern {

/// The facts of a dialogue, frozen as they arrive. What the MTA did not tell stays empty; nothing here is looked up.

/// Who is connected. Known at connect.
struct Client {
  std::optional<IpAddress> ip;  ///< nothing for a Unix socket, or a message submitted on this machine
  std::string name;             ///< the name the MTA gave it, empty when it knows none ("[192.0.2.1]", "unknown")
  std::string ptr;              ///< {client_ptr}: the unverified PTR name, when the MTA told it
  std::uint16_t port = 0;
  std::string listener;  ///< {daemon_name}: the MTA's listener
  bool local = false;    ///< handed in on this machine without SMTP (Postfix non_smtpd_milters, sendmail -bs)
};

/// How it greets, fixed at MAIL since HELO and STARTTLS may come again before it.
struct Greeting {
  std::string helo;
  std::string tls_version;  ///< "TLSv1.3", empty without TLS
  std::string tls_cipher;
  std::string tls_subject;
};

/// MAIL.
struct Sender {
  Path path;
  std::string login;                           ///< {auth_authen}; empty when not authenticated
  std::string auth_type;                       ///< {auth_type}
  std::optional<std::uint64_t> declared_size;  ///< SIZE= (RFC 1870)
  bool smtputf8 = false;
};

/// One RCPT.
struct Recipient {
  Path path;
  friend bool operator==(const Recipient& a, const Recipient& b) { return a.path.raw == b.path.raw; }
};

/// One header field as the MTA showed it. The value keeps its folds (`\n`) and, with SMFIP_HDR_LEADSPC, its leading
/// space.
struct HeaderField {
  std::string name;
  std::string value;

  /// Has it this name? Without case, and with the blanks that RFC 5322 4.5.8 lets stand before the colon ("From :").
  bool is(std::string_view field_name) const;
  /// Unfolded (RFC 5322 2.2.3), without the space at both ends.
  std::string unfolded() const;
};

/// One change to the message, in terms of the milter protocol; applied in one burst after the verdict is final.
struct Edit {
  enum class Kind { add_header, insert_header, delete_header };
  Kind kind = Kind::add_header;
  std::string name;
  std::string value;
  int index = 0;  ///< insert: position from the top; delete: which field of that name, from 1
};

}  // namespace postern
