#pragma once

#include "policy/engine/services.h"
#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// Does what the rules of a decision want beside its answer: freezes the account, tells people. Once for each rule of a
/// transaction. `at_hand` is the recipient whose refusal it is, null for a whole message. Waits for a shared store alone, where
/// an account is newly frozen, and no longer than `deadline`.
void carry_out(Transaction& transaction, const rules::Decision& decision, const RecipientState* at_hand,
               Services& services, const Deadline& deadline);

}  // namespace postern
