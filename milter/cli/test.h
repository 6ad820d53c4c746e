#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern test`: puts a message, or every file of a folder, through the policy without daemon and MTA. kOk whatever
/// the decision is; kUnusable when the configuration, an option or the message cannot be used.
int test(const TestOptions& options);

}  // namespace postern::cli
