#pragma once

#include <string>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/engine/services.h"
#include "policy/engine/transaction.h"

namespace postern {

/// The edits that belong to no rule and happen to every message let through (LANGUAGE 5): fields of others that claim
/// to be our Authentication-Results go, ours comes, and what `sign:` names is signed. A policy in force has them when
/// one of its checks is an authentication method of RFC 8601, or it signs.
bool has_standing_edits(const Policy& policy);

/// Asks for all that the standing edits tell or depend on, whether or not a rule came to want it.
void ask_for_standing_edits(Transaction& transaction, const Deadline& deadline);

struct StandingEdits {
  std::vector<Edit> edits;
  std::string authentication_results;  ///< the value of the field that we add, or empty
};
/// For a message from outside (inbound, submission): forged fields removed; inbound, what its authentication checks
/// have told so far is added.
StandingEdits standing_edits(const Transaction& transaction);

/// The signatures of the message with all its other `edits`: DKIM of what a user hands in as himself, the ARC seal of
/// what comes from outside. One that can not be made is left out, logged and counted.
std::vector<Edit> signatures(const Transaction& transaction, const std::vector<Edit>& edits,
                             const std::string& authentication_results, const Services& services);

}  // namespace postern
