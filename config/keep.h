#pragma once

#include <memory>
#include <string>

#include "config/configuration.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/limits/ledger.h"
#include "policy/limits/memory_ledger.h"
#include "policy/store/store.h"

namespace postern::config {

/// What keeps and counts, made once for the process: it outlives every reload. Destroyed from the back.
struct Keeping {
  std::shared_ptr<store::redis::Connection> redis = {};  ///< null: nothing is shared with other machines
  std::shared_ptr<store::Store> store = {};
  std::shared_ptr<limits::MemoryLedger> memory = {};  ///< this machine's own counts
  std::shared_ptr<limits::Ledger> ledger = {};        ///< what limits are asked of; null: they are unavailable
};

/// As `store:` of the configuration has it. An Error where its path, or what it says of Redis, cannot be meant. The clock
/// and the counters outlive what is made.
Result<Keeping> keep(const Configuration& configuration, const Clock& clock, Counters& counters);

/// Counts in memory alone, beside a store: for a try, or for tests.
Keeping keep_in_memory(std::shared_ptr<store::Store> store, const Clock& clock, Counters& counters);

}  // namespace postern::config
