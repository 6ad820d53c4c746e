#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policy/accounts/directory.h"
#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/base/text.h"

namespace postern::accounts {

/// What a file of accounts says. Keys are in the forms of login_form() and
/// address_key() (normal_form.h).
struct AccountFile {
  struct Account {
    Record record;                        ///< with its addresses, and its grants without groups
    std::optional<std::int64_t> expires;  ///< seconds since 1970, UTC
  };
  struct Address {
    Record record;
    std::string account;  ///< the key of the login whose own it is; empty for others
  };
  std::unordered_map<std::string, Account> logins;
  std::unordered_map<std::string, Address> addresses;   ///< "@old.example" too
  std::unordered_map<std::string, std::string> system;  ///< user of this machine → login
};

/// Reads the tree of a file of accounts:
///
///     accounts:
///       eva@acme.example:                     # the login; an address of its own where it is one
///         addresses: [sales@acme.example]
///         state: active                       # or suspended
///         expires: 2026-12-31                 # the last day
///         grants: [shop.example, "group:board"]
///         behalf: [boss@acme.example]
///         facts: {tier: gold}
///     aliases:
///       info@acme.example: [eva@acme.example, tom@acme.example]
///       news@acme.example: {to: [eva@acme.example], sendable: no}
///       "@old.example": [eva@acme.example]    # a catch-all
///     shared:
///       support@acme.example: {owners: [eva@acme.example], delegates: [tom@acme.example]}
///     groups:
///       board: {addresses: [board@acme.example], members: [eva@acme.example]}
///     system: {www-data: eva@acme.example}    # who writes mail on this machine as a local user
///
/// A member of a group, and an account with the grant `group:NAME`, has the group's addresses among its grants. All
/// mistakes go to `problems`, each at its place; null when there are errors.
std::shared_ptr<const AccountFile> read_account_file(const Node& root, LetterCase letters, Problems& problems);

}  // namespace postern::accounts
