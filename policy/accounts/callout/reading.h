#pragma once

#include <string_view>

#include "policy/mail/smtp_reply.h"

namespace postern::callout {

/// Where in the dialogue a reply came.
enum class Stage { greeting, hello, mail, recipient };
std::string_view name(Stage stage);

/// What a reply says of the mailbox that was asked about.
enum class Meaning {
  accepted,   ///< go on; of RCPT: the host takes mail for it
  missing,    ///< no such mailbox
  refused,    ///< the host does not want to talk to us, or takes no null reverse-path
  temporary,  ///< 4yz
  unclear,    ///< anything else: nothing follows from it
};
std::string_view name(Meaning meaning);

/// The whole table of FAULTS T48 and FIELD 2.4 (8): missing is what a host says at RCPT, and only there, in words that
/// are about the mailbox and about nothing else. `said`: what we said ourselves, the address and our name. Hosts repeat
/// it, and whoever forged the address chose it, so words that stand in it count for nothing.
Meaning meaning_of(Stage stage, const smtp::ServerReply& reply, std::string_view said = {});

/// Does a refusal or a greeting ask not to be probed? 521 says so by itself (RFC 7504), else words do.
bool asks_not_to_probe(Stage stage, const smtp::ServerReply& reply, std::string_view said = {});

}  // namespace postern::callout
