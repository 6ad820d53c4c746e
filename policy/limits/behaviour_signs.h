#pragma once

#include <cstdint>

#include "policy/limits/behaviour.h"
#include "policy/limits/behaviour_settings.h"

namespace postern::limits {

/// A count in two windows: the one that a sign looks at, and the 30 days that hold the subject's own past.
struct Tally {
  std::int64_t now = 0;     ///< in the sign's window, with what the message at hand adds
  std::int64_t recent = 0;  ///< in the part of the 30 days that is not past yet
  std::int64_t month = 0;
};

/// All that behaviour is told by, read off the ledger.
struct Counts {
  Tally strangers_hour, strangers_day, alike, refused, night, burst;
  std::int64_t refused_day = 0, taken_day = 0;
  std::int64_t countries = 0, asns = 0, networks = 0;
  std::int64_t from_new_country = 0, from_new_asn = 0;  ///< 0 where it is not new, or the account is
  bool newcomer = false;
};

/// The signs that are not normal, the gravest first, and what they come to together. Of signs that see the same thing (an
/// hour and a day of strangers) the gravest counts. Pure.
Judgement weigh(const BehaviourSettings& settings, Subject::Kind kind, const Counts& counts);

}  // namespace postern::limits
