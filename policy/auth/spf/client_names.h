#pragma once

#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/ip.h"
#include "policy/dns/resolver.h"

namespace postern::spf {

/// The validated domain names of a client (RFC 7208 5.5).
struct ClientNames {
  std::vector<Domain> names;  ///< that lead back to it, in the order of the alphabet
  bool is_void = false;       ///< it has no PTR record
  bool late = false;          ///< an answer is still under way, or was not allowed to be asked for
};

/// The question for its names.
dns::Question reverse_question(const IpAddress& client);

/// Looks at `most` of its names: the first in the order of the alphabet, so that the rotation of DNS answers decides
/// nothing. A DNS error is a name less (RFC 7208 5.5).
ClientNames find_names(const IpAddress& client, int most, dns::Resolver& dns, const Deadline& deadline);

}  // namespace postern::spf
