#pragma once

#include "policy/engine/services.h"
#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// Does what the rules of a decision want beside its answer: freezes the account, tells people. Once for each rule of a
/// transaction. Never waits.
void carry_out(Transaction& transaction, const rules::Decision& decision, Services& services);

}  // namespace postern
