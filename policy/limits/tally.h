#pragma once

#include <array>
#include <cstdint>

#include "policy/base/counters.h"
#include "policy/limits/account.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

/// One demand at one moment, and what may be used for it. All outlive it.
struct Request {
  const Demand& demand;
  std::uint64_t value;  ///< of units that count values: the hash of the demand's value, never 0
  Moment now;
  Budget& budget;
  Counter& values_full;
};

/// What a demand comes to: what it costs in each of its windows, and whether that fits.
struct Weighed {
  bool fits = true;
  std::array<std::int64_t, kMostWindows> costs{};
};
/// Tests it against the account, which is expired for that moment, or against a new one (nullptr). Fills the answer, whose
/// `used` are without the demand.
Weighed weigh(Account* account, const Request& request, Answer& answer);

/// By when what is reserved runs off in windows with a burst; 0 where it cost nothing there.
using Arrivals = std::array<double, kMostWindows>;

/// Whether there is something to be given back; unplaced: of a value that could not be kept by its name.
enum class Taken { nothing, placed, unplaced };

/// Reserves what fits; the account has its windows.
Taken take(Account& account, const Request& request, const Weighed& weighed, Arrivals& arrivals);

/// How a hold stands in its account.
struct Held {
  bool any = false;         ///< it is a hold, not a charge …
  bool open = false;        ///< … and a reservation stands there …
  bool placed = true;       ///< … by the name of its value, where it counts one …
  std::uint32_t lease = 0;  ///< … since this slot of kLease
  Arrivals arrivals{};
};
/// Counts it, out of its reservation where there is one. The account has the windows. How much more is used now.
std::int64_t commit(Account& account, const Request& request, const Held& held);
/// Gives a reservation back.
void release(Account& account, const Request& request, const Held& held);

}  // namespace postern::limits
