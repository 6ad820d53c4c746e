#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/store/store.h"

namespace postern::limits {

/// Accounts that may not send for now: by a rule's `freeze`, or by hand. Kept in the store, so that a restart, and the
/// other machines of a site, know them. Thread-safe.
class Freezer {
 public:
  /// Both outlive this.
  Freezer(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  struct Frozen {
    std::string login;
    WallTime since{};
    WallTime until{};
    std::string why;  ///< the rule, or what the administrator wrote
  };
  /// Logins are compared without case. A freeze that ends later stays.
  store::Ticket freeze(std::string_view login, std::chrono::seconds length, std::string_view why);
  /// False where it was not frozen.
  bool release(std::string_view login);
  std::optional<Frozen> find(std::string_view login) const;
  std::vector<Frozen> list(std::size_t most) const;

 private:
  store::Store& store_;
  const Clock& clock_;
};

}  // namespace postern::limits
