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
  std::uint32_t offered_steps = kAllSteps;
  std::uint32_t offered_actions = kAllActions;
  int pid = 0;  ///< whose CPU time is taken; 0: nobody's
  Mail mail;
};

struct Measured {
  std::size_t messages = 0;
  double seconds = 0;
  double cpu_seconds = 0;  ///< of `pid`
  Negotiated negotiated;
  std::map<std::string, std::size_t> verdicts;
  std::size_t broken = 0;           ///< connections that ended in mid-dialogue
  std::vector<float> microseconds;  ///< of each message, MAIL to verdict, sorted
};

/// Drives the load; single thread, one epoll loop. Throws std::runtime_error where the milter cannot be reached or
/// talks rubbish.
Measured run(const Load& load);

/// CPU time of a process so far, all its threads.
double cpu_seconds(int pid);

}  // namespace postern::bench
