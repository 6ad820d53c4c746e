#pragma once

#include <cstddef>

#include "policy/base/deadline.h"
#include "policy/engine/transaction.h"

namespace postern {

/// Asks for check `check` of the policy's rule set, for the message or for `recipient` where it belongs to one, and waits
/// until `deadline`. A limit is asked for together with all that are due.
void ask_for(Transaction& t, RecipientState* recipient, std::size_t check, Stage stage, const Deadline& deadline);

}  // namespace postern
