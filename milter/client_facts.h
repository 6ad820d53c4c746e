#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "policy/mail/facts.h"

namespace postern {

/// The macros of connect; empty where the MTA sent none.
struct ConnectMacros {
  std::string daemon_name;
  std::string daemon_port;
  std::string client_ptr;
};

/// What the MTA says of a connection. `address` may be null.
///
/// A message handed in on the MTA's own machine comes from "localhost" without an address or with port 0 (Postfix
/// non_smtpd_milters, sendmail -bs; PLATFORM 3): `local` is then true and `ip` empty. Pure.
Client client_facts(std::string_view host, const sockaddr* address, const ConnectMacros& macros);

/// The sender of MAIL: path and the ESMTP arguments of `arguments` (null-terminated, as libmilter has them). Pure.
Sender sender_facts(const char* const* arguments);

}  // namespace postern
