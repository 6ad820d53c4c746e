#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern arc-sign`: validates the ARC chain of a message and prints the set that goes on it (RFC 8617 5.1), the
/// seal first. kOk, also where the chain was broken before, to which nothing is added; kFailed where DNS does not tell
/// the state of the chain, or it cannot be sealed; kUnusable.
int arc_sign(const ArcSignOptions& options);

}  // namespace postern::cli
