#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern check`: every problem on a line of its own, then "FILE: ok" when it can be used. kOk or kUnusable.
int check(const CheckOptions& options);

}  // namespace postern::cli
