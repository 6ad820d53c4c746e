#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/mail/address.h"

/// The parts that every address has, in the dialogue (RFC 5321 4.1.2) and in header fields (RFC 5322 3.4.1), with UTF-8
/// in both (RFC 6531 3.3, RFC 6532 3.2). Whoever reads an address reads it with these.
namespace postern::address_syntax {

/// A character of an atom (RFC 5322 3.2.3), ASCII alone.
bool is_atext(char c);

/// Can `local` be written without quotes?
bool is_dot_string(std::string_view local);

/// Takes a quoted string off the front of `rest`, which begins with its quote. `text` is what it says, without quotes
/// and backslashes. False where it is not closed; `rest` is then empty.
bool take_quoted_string(std::string_view& rest, std::string& text);

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3); nothing where `text` is neither.
std::optional<IpAddress> parse_literal(std::string_view text);

/// Where an address stands. A header may write a local part of several words, `"a b".c` (RFC 5322 4.4).
enum class Place { dialogue, header };

/// What parse_mailbox() read.
struct Parsed {
  Mailbox mailbox;
  bool route = false;  ///< a source route stood before it, which is dropped (RFC 5321 4.1.1.3, RFC 5322 4.4)
};

/// `local@domain`, `local@[literal]`, `@route:local@domain` or `local` alone, without comments, blanks and angle
/// brackets. Nothing where `text` is none of these. Dots may stand anywhere in the local part: carriers gave out such
/// addresses, and MTAs take them.
std::optional<Parsed> parse_mailbox(std::string_view text, Place place);

}  // namespace postern::address_syntax
