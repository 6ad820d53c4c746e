#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/protocol.h"

namespace postern::bench {

struct Load {
  std::string address;       ///< unix:/path or inet:port@a.b.c.d
  std::size_t sessions = 8;  ///< at once, closed loop
  std::size_t messages = 10'000;
  std::size_t warm_up = 200;  ///< messages before measuring begins
  std::size_t per_connection = 1;
  std::size_t idle = 0;  ///< further connections that stand past HELO all the while
  std::uint32_t offered_steps = kAllSteps;
  std::uint32_t offered_actions = kAllActions;
  std::vector<int> pids;    ///< whose CPU time and memory is taken, together
  std::vector<Mail> mails;  ///< taken in turn; at least one
};

using Microseconds = std::vector<float>;  ///< sorted

struct Measured {
  std::size_t messages = 0;
  double seconds = 0;
  double cpu_seconds = 0;   ///< of `pids`
  std::size_t pss_kib = 0;  ///< of `pids`, with all connections open
  std::size_t threads = 0;
  Negotiated negotiated;
  std::map<std::string, std::size_t> verdicts;
  std::string added;                   ///< the header fields that the last message got, a line each
  std::size_t broken = 0;              ///< connections that ended in mid-dialogue
  Microseconds whole;                  ///< of each message, MAIL to verdict
  std::map<char, Microseconds> steps;  ///< from a step's packet to its answer, by command
};

/// Drives the load; single thread, one epoll loop. Throws std::runtime_error where the milter cannot be reached or
/// talks rubbish.
Measured run(const Load& load);

}  // namespace postern::bench
