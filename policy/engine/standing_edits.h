#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/engine/transaction.h"

namespace postern {

/// The edits that belong to no rule and happen to every message let through (LANGUAGE 5): fields of others that claim
/// to be our Authentication-Results go, ours comes. A policy has them when one of its checks is an authentication
/// method of RFC 8601 and it is in force.
bool has_standing_edits(const Policy& policy);

/// The index into the rule set's checks of each check whose result stands in our field.
std::vector<std::size_t> authentication_checks(const Policy& policy);

struct StandingEdits {
  std::vector<Edit> edits;
  std::string authentication_results;  ///< the value of the field that we add, or empty
};
/// For a message from outside (inbound, submission): forged fields removed; inbound, what its authentication checks
/// have told so far is added.
StandingEdits standing_edits(const Transaction& transaction);

}  // namespace postern
