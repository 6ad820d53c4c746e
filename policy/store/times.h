#pragma once

#include <algorithm>

#include "policy/base/clock.h"
#include "policy/store/store.h"

namespace postern::store {

/// The store's own time: wall-clock as it was at the start, and from then on only forward, so that a step of the clock
/// ends no entry (FAULTS T64). Thread-safe.
class Times {
 public:
  explicit Times(const Clock& clock) : clock_(clock), wall_(clock.wall()), steady_(clock.now()) {}

  WallTime now() const { return wall_ + std::chrono::duration_cast<WallTime::duration>(clock_.now() - steady_); }
  /// The moment, told by the caller's clock, in the store's own time.
  WallTime kept(WallTime expires) const {
    const WallTime wall = clock_.wall();
    if (expires <= wall) return now();
    return expires - wall < kLongest ? now() + (expires - wall) : now() + kLongest;
  }
  /// … and back.
  WallTime told(WallTime kept) const { return clock_.wall() + (kept - now()); }

 private:
  const Clock& clock_;
  const WallTime wall_;
  const SteadyTime steady_;
};

}  // namespace postern::store
