#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits/ledger.h"
#include "policy/limits/overrides.h"
#include "policy/rules/list.h"

namespace postern::limits {

/// One entry of `limits:` (LANGUAGE 7), without what decides whether and for whom it counts: the rules know that.
struct Limit {
  /// What some keys may instead: those of a list, or each what a file says.
  struct Instead {
    std::shared_ptr<const rules::List> keys;
    std::shared_ptr<const OverrideFile> file;  ///< in place of all that follows
    std::vector<Allowance> allow;              ///< empty: as much as they like
    std::optional<std::int64_t> until = {};    ///< the first second at which it is over
  };

  std::string name;
  Unit unit = Unit::messages;
  std::vector<AllowanceText> allow;
  /// `else:`, in place of those that name a fact which is not there; a window that a fact or a number gives stays as it is.
  std::vector<Allowance> otherwise;
  int near = 80;  ///< percent
  Fallback fallback = Fallback::local;
  std::chrono::seconds patience{5 * 24 * 3600};  ///< to come again later than that is no help
  std::vector<Instead> overrides;                ///< the first that fits counts
};

/// What a key may now; empty: as much as it likes. `facts` are the values of the facts that `allow:` names, in its order;
/// one that is no number counts as absent. Of overrides, the first part of the key is looked up.
std::vector<Allowance> allowed(const Limit& limit, std::string_view key,
                               std::span<const std::optional<std::string>> facts, std::int64_t unix_time);

/// `14:30 +0100`, with the date where that is not today: when `wait` from now is over, in the server's time, rounded up to
/// a minute. "now" for none, "never" for Answer::kNever.
std::string next_text(std::chrono::milliseconds wait, std::int64_t unix_time);

}  // namespace postern::limits
