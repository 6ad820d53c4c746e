#pragma once

#include "policy/engine/transaction.h"
#include "policy/rules/known.h"

namespace postern {

/// What decide() may know of a transaction at one stage, for one recipient (or for none). Looks up, never waits.
class KnownFacts final : public rules::Known {
 public:
  KnownFacts(const Transaction& transaction, const RecipientState* recipient, Stage stage)
      : transaction_(transaction), recipient_(recipient), stage_(stage) {}

  rules::FactState fact(std::size_t index) const override;
  rules::CheckState check(std::size_t index) const override;
  std::int64_t unix_time() const override { return transaction_.unix_time; }

 private:
  const Transaction& transaction_;
  const RecipientState* recipient_;
  const Stage stage_;
};

}  // namespace postern
