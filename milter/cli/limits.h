#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern limits show|top|reset|predict`, `postern account freeze|release|show`: asks the daemon. kOk; kFailed where it
/// was not reached, or says no.
int ask_limits(const LimitsOptions& options);

}  // namespace postern::cli
