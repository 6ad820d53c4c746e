#pragma once

#include <chrono>
#include <cstdint>

#include "policy/base/clock.h"
#include "policy/limits/allowance.h"

namespace postern::limits {

/// Milliseconds of the steady clock, from so long before its zero that all that is remembered has a positive time: a
/// machine may have started a minute ago.
using Moment = std::int64_t;

constexpr Moment kBeforeSteady = std::chrono::milliseconds(std::chrono::hours(24 * 400)).count();

inline Moment moment_of(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() + kBeforeSteady;
}

/// How a window is cut into slots: slot n is from n * slot to (n + 1) * slot.
struct Shape {
  std::int64_t window = 0;  ///< ms
  std::int64_t slot = 1;    ///< ms

  static constexpr Shape of(std::chrono::seconds window) { return {window.count() * 1000, slot_of(window).count()}; }
  constexpr std::int64_t slot_at(Moment t) const { return t / slot; }
  /// The first slot that is not fully outside of the window that ends `now`.
  constexpr std::int64_t oldest(Moment now) const { return (now - window) / slot; }
  /// When it is fully outside.
  constexpr Moment leaves(std::int64_t number) const { return (number + 1) * slot + window; }
};

}  // namespace postern::limits
