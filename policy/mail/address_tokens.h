#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/mail/header_address.h"

namespace postern {

/// A token of an address field (RFC 5322 3.2); views point into the field.
struct AddressToken {
  enum class Kind { atom, quoted, literal, special, bad, end };
  Kind kind = Kind::end;
  std::string_view raw;
  std::string text;                         ///< of a quoted string: what it says
  bool spaced = false;                      ///< white space or a comment stands before it
  std::string_view comment;                 ///< the last comment before it, with its brackets
  AddressFault fault = AddressFault::none;  ///< of a bad one

  bool is(char c) const { return kind == Kind::special && raw.front() == c; }
  bool is_word() const { return kind == Kind::atom || kind == Kind::quoted; }
};

/// The tokens of `field`, the last one Kind::end. Specials are `<>@,;:.`; every other byte that can stand nowhere is a
/// bad token, and so is what is not closed, up to the end of the field. An atom may hold any byte beyond ASCII.
std::vector<AddressToken> address_tokens(std::string_view field);

}  // namespace postern
