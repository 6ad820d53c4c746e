#pragma once

#include <string>

#include "policy/base/deadline.h"
#include "policy/base/ip.h"
#include "policy/dns/resolver.h"

namespace postern::iprev {

/// The results of RFC 8601 2.7.3, spelled as Authentication-Results spells them.
enum class Status {
  pass,       ///< a name of the address leads back to it
  fail,       ///< it has names, and none leads back
  temperror,  ///< an answer that could have made it a pass was not to be had
  permerror,  ///< it has no name
};
std::string_view name(Status status);

struct Result {
  Status status = Status::temperror;
  std::string host;    ///< of a pass: the name that leads back
  std::string reason;  ///< for the log; may hold hostile text
};

/// Whether the name of `client` leads back to it (RFC 8601 2.7.3 and 3).
///
/// Always returns a result. Names are looked at in the order of the alphabet, so that the rotation of DNS answers
/// decides nothing; one that is no host name leads nowhere. Costs one question, and one more for each of at most 10
/// names. Blocks no longer than `deadline`. Thread-safe.
Result check(const IpAddress& client, dns::Resolver& dns, const Deadline& deadline);

}  // namespace postern::iprev
