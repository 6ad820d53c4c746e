#pragma once

#include <string>

#include "milter/test_switches.h"

namespace postern {

/// What `postern run` is told.
struct DaemonOptions {
  std::string config;
  std::string user;  ///< become this user once the sockets are open; empty: stay
  TestSwitches test;
};

/// Serves until a signal stops it. Answers the exit status of the process: 0 after an orderly end, 1 when it could not
/// start or libmilter gave up, 2 when the configuration cannot be used. What is wrong is said on standard error before
/// anything is opened.
int run_daemon(const DaemonOptions& options);

}  // namespace postern
