#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "policy/limits/allowance.h"
#include "policy/limits/peak_use.h"

namespace postern::limits {

/// What a limit for all could be, by what each has used.
struct Suggestion {
  /// Of the peaks within each of kPeakWindows, over all keys, by nearest rank.
  struct Spread {
    std::int64_t p50 = 0, p95 = 0, p99 = 0, most = 0;
  };
  std::array<Spread, kPeakWindows.size()> spread{};

  std::vector<Allowance> allow;  ///< the windows that say something; empty without keys

  /// A key that would have met it, and how much it used.
  struct Hit {
    std::string key;
    Allowance allow;  ///< the one that it exceeds the furthest
    std::int64_t used = 0;
  };
  std::vector<Hit> hits;  ///< those that exceed it the furthest first
};

/// Allows, within each window, the 99.5th percentile of the peaks times `margin`, rounded up to 1, 2, or 5 times a power
/// of ten; of bytes, in whole MB. A window that allows no less than a longer one says nothing. Pure.
Suggestion suggest(std::span<const Peak> peaks, Unit unit, double margin);

/// `500/24h`, of bytes `25 MB/24h`.
std::string suggested_text(const Allowance& allowance, Unit unit);

}  // namespace postern::limits
