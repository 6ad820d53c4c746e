#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/body_hashes.h"
#include "policy/mail/facts.h"

namespace postern::dkim {

/// The fields that `names` select, in the order of the names (RFC 6376 5.4.2): of several fields of one name the lowest
/// first, and a name that stands there again takes the next one up; a name past all of its fields selects nothing.
/// `except`, the field that is being made or verified, is never selected. They point into `header`.
std::vector<const HeaderField*> select_fields(std::span<const HeaderField> header,
                                              std::span<const std::string_view> names, const HeaderField* except);

/// Appends the field as it is hashed, ended by CRLF (RFC 6376 3.4.1, 3.4.2).
void append_field(std::string& out, const HeaderField& field, Canonicalization form);

/// Appends the field that holds the signature as it is hashed: the value of its `b=` left out with the white space
/// around it, and no CRLF at its end (RFC 6376 3.7).
void append_signature_field(std::string& out, const HeaderField& field, Canonicalization form);

}  // namespace postern::dkim
