#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern reload`: asks the daemon for it. kOk, kUnusable when the daemon refused the configuration, kFailed when it
/// was not reached.
int reload(const ControlOptions& options);

/// `postern status`. kOk, or kFailed when the daemon was not reached.
int status(const ControlOptions& options);

}  // namespace postern::cli
