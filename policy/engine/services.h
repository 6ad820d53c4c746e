#pragma once

#include <functional>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/log.h"
#include "policy/base/pool.h"
#include "policy/dns/resolver.h"

namespace postern {

struct DecisionRecord;

/// What a session works with, built in main and outliving every session.
struct Services {
  Clock& clock;
  Log& log;
  Counters& counters;
  dns::Resolver& dns;
  Pool& pool;  ///< runs early evidence; 0 threads in deterministic tests
  /// Where decisions go beside the log; may be empty. Called on callback threads, must not throw or wait.
  std::function<void(const DecisionRecord&)> on_decision{};
};

}  // namespace postern
