#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/mail/address.h"
#include "policy/mail/facts.h"

namespace postern {

/// Why an address of a header field is not to be trusted as it was read.
enum class AddressFault {
  none,
  // It can be read, and programs differ on how (`mailbox` is the reading of RFC 5322):
  route,         ///< a source route before it
  comment,       ///< a comment within the address
  two_readings,  ///< another address, unquoted, as its display name
  encoded_word,  ///< an encoded word for a local part, where none may be (RFC 2047 5)
  invisible,     ///< a local part with characters that nobody sees, or that turn the text around
  // It cannot be read, and there is no `mailbox`:
  empty,         ///< angle brackets around nothing
  no_address,    ///< words, and no address
  bad_address,   ///< it is no local part, `@`, and domain
  bad_name,      ///< the display name holds what stands there only in quotes
  bad_byte,      ///< a NUL or another control byte
  open_quote,    ///< a quoted string …
  open_comment,  ///< … a comment …
  open_literal,  ///< … an address literal …
  open_bracket,  ///< … an angle bracket …
  open_group,    ///< … or a group is not closed
  text_behind,   ///< text behind the address
  bad_group,     ///< a group within a group, one without a name, or its end without a beginning
  too_long,      ///< more bytes …
  too_many,      ///< … or more addresses than are looked at
};
/// As the log says it: "text behind the address".
std::string_view name(AddressFault fault);

/// One address of a header field, or what stands in its place.
struct HeaderAddress {
  std::optional<Mailbox> mailbox;  ///< nothing where it could not be read; without domain and literal for `From: root`
  std::string name;                ///< display name, decoded (RFC 2047), in UTF-8; where there is none, the comment
  std::string raw;                 ///< as it stands in the field, at most 1000 bytes
  AddressFault fault = AddressFault::none;
};

/// What the value of an address field says. A place that cannot be read is an entry too: nothing is passed over.
struct AddressList {
  std::vector<HeaderAddress> addresses;
  std::size_t groups = 0;                ///< `name: …;`; its members stand among the addresses
  std::vector<std::string> group_names;  ///< of those that have one, decoded, in UTF-8
};

/// The most of one field that is looked at; what is over it is one entry more, `too_many` or `too_long`.
constexpr std::size_t kMostHeaderAddresses = 1000;
constexpr std::size_t kMostAddressBytes = 64 * 1024;  // FAULTS T9

/// Reads an address-list (RFC 5322 3.4, obsolete forms of 4.4 among them; UTF-8 by RFC 6532), folded or not.
///
/// Always answers, in time and memory that grow with `value`. local: dots may stand anywhere in a local part and in a
/// display name, and a display name may hold bytes that are no UTF-8 (U+FFFD in `name`).
AddressList parse_address_list(std::string_view value);

/// The address fields of a message, one list for each field of that name in the order of the header.
struct HeaderAddresses {
  std::vector<AddressList> from, sender, reply_to;
  /// Of the newest block of Resent fields, which is the first of the header (RFC 5322 3.6.6): the older ones say who
  /// sent the message on before. The block ends where another field follows, or one that it already has.
  std::vector<AddressList> resent_from, resent_sender;
  bool resent = false;  ///< there is such a block
};
HeaderAddresses read_addresses(std::span<const HeaderField> fields);

}  // namespace postern
