#pragma once

#include <optional>
#include <span>
#include <string>

#include "policy/mail/facts.h"

namespace postern::accounts {

/// Who handed a message in on this machine.
struct LocalUser {
  std::string name;     ///< the user's, or a number
  bool is_uid = false;  ///< it is the number of the user
};

/// The user that the first Received field names: `by mx.example (Postfix, from userid 1000) id …` of Postfix, or
/// `(from eva@localhost) by mx.example (…` of Sendmail. Nothing where it has neither form to the letter.
///
/// Only where the first Received field is known to be one of our own. An MTA does not show a milter the field that it adds
/// itself, so at the place of pickup the first one is the user's own, and says anything; but for a Postfix that puts a copy
/// of its own in front (docs/postfix.md).
std::optional<LocalUser> local_user(std::span<const HeaderField> header);

/// The name of the user: of a number what this machine calls it (NSS), or the number where it knows none. NSS may block,
/// and knows no deadline.
std::string name_of(const LocalUser& user);

}  // namespace postern::accounts
