#pragma once

#include <optional>

#include "policy/base/deadline.h"
#include "policy/engine/transaction.h"
#include "policy/rules/decide.h"

namespace postern {

/// Decides for one recipient (or, with null, for the message alone) at `stage`, and fetches the evidence that decide()
/// asks for on the way. Waits no longer than `deadline`. No 5xx, discard or notice rests on doubtful DNS (doubt.h).
rules::Verdict settle(Transaction& transaction, RecipientState* recipient, Stage stage, rules::Layer layer,
                      const Deadline& deadline);

/// Does the profile of `recipient` fit that of the first recipient taken (LANGUAGE 6, `split: retry`)? True for the
/// first one itself, and where the policy does not split by profile.
bool fits_profile(Transaction& transaction, RecipientState& recipient, const Deadline& deadline);

/// The refusal that is certain at `stage`, before the end, for every recipient that was taken; nothing while one of
/// them may still be served. Of several the softest.
std::optional<rules::Decision> refusal_for_all(Transaction& transaction, Stage stage, const Deadline& deadline);

/// What becomes of the message when all is known: the decisions of the recipients that were taken, made one by `split`.
rules::Decision conclude(Transaction& transaction, rules::Layer layer, const Deadline& deadline);

}  // namespace postern
