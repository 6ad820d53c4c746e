#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/guarded.h"
#include "policy/dns/domain.h"

namespace postern::callout {

/// Domains whose mailboxes turned out missing one after the other: somebody forges them, and their hosts would have to
/// say no to each. Such a domain is left alone for a while. Thread-safe.
class Streaks {
 public:
  struct Limits {
    std::size_t in_a_row = 10;  ///< 0: never
    std::chrono::seconds pause{3600};
  };
  explicit Streaks(const Limits& limits) : limits_(limits) {}

  bool is_paused(const Domain& domain, SteadyTime now) const;
  /// Another mailbox of it is missing. True when that was one too many.
  bool missing(const Domain& domain, SteadyTime now);
  /// Another one exists: all is forgiven.
  void exists(const Domain& domain);
  std::size_t paused(SteadyTime now) const;

 private:
  struct Streak {
    std::size_t length = 0;
    SteadyTime last{};
    SteadyTime paused_until{};
  };
  const Limits limits_;
  Guarded<std::map<Domain, Streak>> streaks_;
};

}  // namespace postern::callout
