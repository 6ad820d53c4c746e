#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/log.h"
#include "policy/base/pool.h"
#include "policy/dns/resolver.h"
#include "policy/notices/incident.h"

namespace postern {

struct DecisionRecord;

/// What bounds one message. Tests turn these, to show what they are there for; nobody else does.
struct Limits {
  std::chrono::seconds callback_wait{5};  ///< of a step before end-of-message (DESIGN 1; hard 8 s)
  std::chrono::seconds end_wait{60};      ///< of end-of-message, with progress (DESIGN 1)
  std::size_t header_fields = 1000;       ///< FAULTS T9, like the next two
  std::uint64_t header_bytes = 256 * 1024;
  std::size_t field_bytes = 64 * 1024;
  bool encodes_values = true;  ///< the values of fields that rules add pass the encoder (FAULTS T17)
  bool keeps_policy = true;    ///< a message ends with the policy that it began with (FAULTS I11)
};

/// What a session works with, built in main and outliving every session.
struct Services {
  Clock& clock;
  Log& log;
  Counters& counters;
  dns::Resolver& dns;
  Pool& pool;  ///< runs early evidence; 0 threads in deterministic tests
  /// Where decisions go beside the log; may be empty. Called on callback threads, must not throw or wait.
  std::function<void(const DecisionRecord&)> on_decision{};
  Limits limits{};
  /// Where incidents go that rules want people to be told of; may be empty. Must not throw or wait.
  std::function<void(notices::Incident)> on_incident{};
};

}  // namespace postern
