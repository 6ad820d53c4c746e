#pragma once

#include <libmilter/mfapi.h>

#include <string>
#include <vector>

#include "milter/fault_plan.h"
#include "milter/negotiate.h"
#include "policy/mail/facts.h"

namespace postern {

/// The edits in the order in which they are sent: deletions first, from the highest index down (the indexes of Postfix
/// shift after each, PLATFORM 3), then the others as they came. Pure.
std::vector<Edit> in_order(std::vector<Edit> edits);

/// Whether `edit` would arrive as exactly one header field: a name of printable ASCII without colon (RFC 5322 2.2), a
/// value without control bytes but tab and the line ends of proper folds, at most 60,000 bytes. Pure.
bool is_sound(const Edit& edit);

/// The value as libmilter wants it: with exactly one blank in front where the terms have leading spaces, else without.
std::string wire_value(const std::string& value, bool leading_space);

/// What became of a burst of edits.
struct Applied {
  bool complete = true;              ///< false: libmilter failed in the middle; the message must be refused
  std::vector<std::string> unsound;  ///< names of fields that were left out since they are not is_sound(), for the log
  std::size_t not_offered = 0;       ///< left out since the MTA does not offer the action
};

/// Sends all edits to the MTA; at end-of-message only. `fault` is for tests.
Applied apply(SMFICTX* context, const Terms& terms, std::vector<Edit> edits, const FaultPlan& fault);

/// Puts the message on hold; false when libmilter failed. The reason is cut to one line of printable ASCII.
bool quarantine(SMFICTX* context, const std::string& reason);

}  // namespace postern
