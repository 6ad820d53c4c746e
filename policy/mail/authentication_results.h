#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// One result of an Authentication-Results field (RFC 8601 2.2): `iprev=pass policy.iprev=192.0.2.1`.
struct AuthenticationResult {
  std::string method;
  std::string result;
  std::string property;  ///< "policy.iprev"
  std::string value;     ///< whoever wrote it: quoted where it must be, without control bytes, ASCII alone
};

/// The value of the field: `authserv-id; method=result ptype.property=value; …`, or `authserv-id; none` without any
/// (RFC 8601 2.2).
std::string authentication_results(std::string_view authserv_id, const std::vector<AuthenticationResult>& results);

/// The authserv-id that a field of somebody else's claims, lower case; empty where there is none to read. Comments and
/// folds before it are passed over and a quoted one is taken out of its quotes (RFC 8601 2.2), as a reader of the field
/// would.
std::string claimed_authserv_id(std::string_view value);

}  // namespace postern
