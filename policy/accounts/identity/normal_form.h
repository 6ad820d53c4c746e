#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/text.h"
#include "policy/mail/address.h"

namespace postern::accounts {

/// An address in the form in which addresses are compared, and asked for at a directory: the local part by
/// comparison_form(), the domain in A-labels. A literal stands as "[192.0.2.1]"; of `@example.org` (a catch-all) the
/// local part is empty, of an address without a domain the domain.
struct AddressKey {
  std::string local;
  std::string domain;

  /// `local@domain`.
  std::string text() const { return local + '@' + domain; }
  /// Whether MTAs may send on or rewrite it by what its local part says: `b.example!a`, `a%b.example`, `"a@b.example"`.
  /// Who has all of a domain has none of these.
  bool is_routed() const { return local.find_first_of("!%@") != std::string::npos; }
  friend auto operator<=>(const AddressKey&, const AddressKey&) = default;
};

/// Nothing where the local part cannot be compared: such an address equals none.
std::optional<AddressKey> address_key(const Mailbox& mailbox, LetterCase letters);
/// Of `local@domain` or `@domain` as a directory writes it: the domain in any form, the local part quoted or not.
/// Nothing where it is neither, or cannot be compared.
std::optional<AddressKey> address_key(std::string_view text, LetterCase letters);

/// Whether `text`, as a directory writes it, is that address: address_key(text) == key, faster.
bool is_address(std::string_view text, const AddressKey& key, LetterCase letters);

/// A login in the form in which logins are compared: a name by comparison_form(), behind its last `@` a domain in
/// A-labels. `login_domain` is appended to one without a domain, unless it is empty. Nothing: it equals none.
std::optional<std::string> login_form(std::string_view login, std::string_view login_domain, LetterCase letters);

/// The keys that mail for `key` is tried for once nobody knows `key` itself: without the part behind one of the
/// `delimiters` (any set, "+."), the longest first, at most kMostStripped. A delimiter at the front is none.
std::vector<AddressKey> without_extension(const AddressKey& key, std::string_view delimiters);
constexpr std::size_t kMostStripped = 4;  // local

}  // namespace postern::accounts
