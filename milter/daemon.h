#pragma once

#include <string>

namespace postern {

/// What `postern run` is told.
struct DaemonOptions {
  std::string config;
  std::string user;          ///< become this user once the sockets are open; empty: stay
  bool nudge = true;         ///< for tests: off shows what it is there for
  std::string failing_step;  ///< for tests: the callback of this name throws
};

/// Serves until a signal stops it. Answers the exit status of the process: 0 after an orderly end, 1 when it could not
/// start or libmilter gave up, 2 when the configuration cannot be used. What is wrong is said on standard error before
/// anything is opened.
int run_daemon(const DaemonOptions& options);

}  // namespace postern
