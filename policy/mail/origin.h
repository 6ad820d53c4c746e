#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/mail/address.h"
#include "policy/mail/facts.h"
#include "policy/mail/header_address.h"

namespace postern {

/// How a message came to be sent (LANGUAGE 4).
enum class Origin {
  direct,      ///< somebody wrote it to whom it goes to
  forward,     ///< a mailbox that it had reached sends it on
  list,        ///< a mailing list distributes it
  auto_reply,  ///< a program sent it, in answer or by itself
  dsn,         ///< a report on another message: delivery status, or disposition (RFC 3464, RFC 8098)
};
/// As rules write it: "auto-reply".
std::string_view name(Origin origin);

/// What a message says of its origin, and who answers for it.
struct OriginFound {
  Origin origin = Origin::direct;
  /// forward: the mailbox that sends it on, else the domain that does. list: where one writes to it, else its List-Id.
  /// direct, auto_reply: the sender, without a tag of BATV; for the null reverse-path the first author. Empty for dsn, and
  /// where nothing can be read. An address is written as Mailbox::text() does.
  std::string account;
};

/// The origin, by the reverse-path and the header fields; the first of these that applies:
///
/// dsn: the null reverse-path (RFC 3464 2, RFC 8098 3), and a multipart/report on delivery or disposition, or a form of
///      MTAs that know none: X-Failed-Recipients, MAILER-DAEMON or postmaster as the author.
/// forward: a reverse-path of SRS or of Gmail's forwarding, X-Forwarded-For or X-Forwarded-To, Delivered-To (which nobody
///      writes before a delivery), Resent-From (RFC 5322 3.6.6). Not what a list wrote or left in.
/// list: List-Id (RFC 2919), List-Post (RFC 2369), Precedence "list", or "bulk" with a List field.
/// auto-reply: Auto-Submitted other than "no" (RFC 3834 5), X-Autoreply, X-Autorespond, Precedence "auto_reply", or the
///      null reverse-path.
///
/// Pure. All of it is what the client claims: a sender who wants to be taken for a forwarder is. So what is allowed to a
/// login or to a client must not depend on it.
OriginFound find_origin(const Path& sender, std::span<const HeaderField> header, const HeaderAddresses& addresses);

}  // namespace postern
