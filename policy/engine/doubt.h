#pragma once

#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// Turns a 5xx, discard or notice into 451 4.4.3 where it rests on DNS answers that cannot be relied on: past their age,
/// or from servers that the canary doubts (docs/dns.md). What would stand whatever those answers were, stands, in the
/// words of the rule that does without them; so does everything that is not final harm. `verdict` is certain, and what
/// decide() says of `recipient` at `stage` in `layer`.
void spare_what_dns_may_have_wrong(const Transaction& transaction, const RecipientState* recipient, Stage stage,
                                   rules::Layer layer, rules::Verdict& verdict);

}  // namespace postern
