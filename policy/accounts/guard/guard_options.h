#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/base/breaker.h"
#include "policy/base/settings.h"

namespace postern::accounts {

/// What stands between a back end and those who ask: how long it may take, and how long its answers serve.
struct GuardOptions {
  std::size_t connections = 4;              ///< threads, one connection each; made at need, at most kMostConnections
  std::size_t queue = 1000;                 ///< questions that wait for a connection; more are failed and count
  std::chrono::milliseconds timeout{3000};  ///< longest wait for one question, connecting included (FAULTS T71)
  std::chrono::seconds found_age{300};      ///< what was found is asked for again after it; 0: at once
  std::chrono::seconds absent_age{30};      ///< the same of what was not: a new alias must work soon; at most a minute
  std::chrono::seconds stale_age{3600};     ///< what was found serves so long past its age when no new answer comes
  std::chrono::seconds failure_age{2};      ///< a failure is answered from memory so long: nobody waits for it again
  std::size_t cache_entries = 100'000;
  std::size_t cache_bytes = 64 << 20;
  Breaker::Limits breaker{
      .errors = 4, .within = std::chrono::seconds(10), .trial_every = std::chrono::seconds(2)};  // recovers within 10 s
};

constexpr std::size_t kMostConnections = 16;        // FAULTS T71
constexpr std::chrono::seconds kMostAbsentAge{60};  // FIELD 3, 5: a new alias needed a restart

/// `connections`, `timeout`, `remember`, `remember-absent` and `stale` of a back end's settings.
GuardOptions read_guard_options(Settings& settings);

/// How a back end is, at one moment.
struct GuardHealth {
  bool open = false;            ///< the breaker: nothing is asked but a trial from time to time
  std::string problem;          ///< the last failure; empty once it answers again. May hold hostile text, no secret
  std::size_t connections = 0;  ///< that stand
  std::size_t waiting = 0;      ///< questions for which no connection is free
  std::size_t remembered = 0;   ///< answers in the cache
  std::int64_t asked = 0;       ///< questions to the back end so far
  std::int64_t failed = 0;      ///< of these
};

}  // namespace postern::accounts
