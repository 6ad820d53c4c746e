#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// One result of an Authentication-Results field (RFC 8601 2.2): `spf=pass smtp.mailfrom=eva@example.org`.
struct AuthenticationResult {
  struct Property {
    std::string name;   ///< with its type: "smtp.mailfrom"
    std::string value;  ///< whoever wrote it
    friend bool operator==(const Property&, const Property&) = default;
  };
  std::string method;
  std::string result;
  std::vector<Property> properties;
  std::string reason = {};  ///< in words
  friend bool operator==(const AuthenticationResult&, const AuthenticationResult&) = default;
};

/// The value of the field: `authserv-id; method=result ptype.property=value; …`, or `authserv-id; none` without any
/// (RFC 8601 2.2), folded.
///
/// A value is printed whole, so that a reader gets it back, or not at all: where it is no printable ASCII, is over 320
/// bytes, or holds an `@` and is no address. Of an address whose local part is no ASCII `@domain` is printed. Of a
/// reason 200 bytes are printed, `?` for what is no ASCII.
std::string authentication_results(std::string_view authserv_id, const std::vector<AuthenticationResult>& results);

/// The authserv-id that a field of somebody else's claims, lower case; empty where there is none to read. Comments and
/// folds before it are passed over and a quoted one is taken out of its quotes (RFC 8601 2.2), as a reader of the field
/// would.
std::string claimed_authserv_id(std::string_view value);

/// What a field says.
struct AuthenticationResults {
  std::string authserv_id;                    ///< lower case
  std::vector<AuthenticationResult> results;  ///< methods, results and property names in lower case
  bool capped = false;                        ///< there were more results, or properties of one, than are kept
};
constexpr std::size_t kMostAuthenticationResults = 100;  // FAULTS T19
constexpr std::size_t kMostResultProperties = 50;        // local

/// Reads a field by the grammar of RFC 8601 2.2; nothing where it does not fit to its last byte, or holds a control byte
/// or a line end that is no fold. For the fields of servers that are trusted. In time that grows with `value`. local: a
/// value without quotes may hold `/`, `=` and `:` as well, and the last result a `;` behind it, since large providers
/// write both.
std::optional<AuthenticationResults> parse_authentication_results(std::string_view value);

}  // namespace postern
