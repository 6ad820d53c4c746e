#pragma once

#include "policy/base/deadline.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/services.h"
#include "policy/engine/session.h"
#include "policy/engine/transaction.h"

namespace postern {

/// What a message that came to its end is answered, and the record of it.
struct Ending {
  Reaction reaction;
  DecisionRecord record;
};

/// Judges a message at its end (LANGUAGE 5): the rules in force, then, where any are, the monitored ones for `would=`;
/// the edits of what is let through. Waits for what evidence the rules still want, no longer than `deadline`.
Ending end_message(Transaction& transaction, const Deadline& deadline, Services& services);

}  // namespace postern
