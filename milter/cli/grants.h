#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern grants propose`: the grants that the mail seen so far needs (checks.identity.learn), as a part of an
/// accounts file, or all that was seen as JSON. Reads the store beside a daemon that writes it. kOk; kFailed where
/// there is no store to read; kUnusable.
int propose_grants(const GrantsOptions& options);

}  // namespace postern::cli
