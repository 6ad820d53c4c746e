#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/base/deadline.h"
#include "policy/limits/behaviour.h"
#include "policy/limits/behaviour_settings.h"
#include "policy/limits/behaviour_signs.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

/// What behaviour keeps in the ledger, and how it is read: the names of the counts and their windows are here alone.
class BehaviourCounts {
 public:
  /// Both outlive this.
  BehaviourCounts(const BehaviourSettings& settings, Ledger& ledger) : settings_(settings), ledger_(ledger) {}

  /// As behaviour.h has it; false where the ledger could not be asked.
  bool read(const Subject& subject, const Circumstances& where, std::string_view recipient,
            std::span<const std::string> pending, const Deadline& deadline, Counts& out) const;
  void sent(const Subject& subject, const Circumstances& where, const Sent& message, const Deadline& deadline) const;
  void begin_anew(const Subject& subject, const Circumstances* where, const Deadline& deadline) const;
  void refused(const Subject& subject) const;

 private:
  const BehaviourSettings& settings_;
  Ledger& ledger_;
};

}  // namespace postern::limits
