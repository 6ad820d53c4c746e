#pragma once

#include <optional>
#include <string>

#include "policy/engine/decision_record.h"
#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// The record of a transaction as far as it has come: who, what, what each recipient was told, every check that was
/// asked.
DecisionRecord record_of(const Transaction& transaction);

/// Enters the decision that stands for the whole message, the reply that was spoken of it, and the step it was spoken
/// at.
void enter(DecisionRecord& record, const Policy& policy, const rules::Decision& decision,
           const std::optional<Reply>& spoken, Stage stage);

/// The name of the rule that a decision names; empty for none.
std::string rule_name(const Policy& policy, const rules::Decision& decision);

}  // namespace postern
