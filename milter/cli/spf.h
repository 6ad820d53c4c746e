#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern spf`: what check_host() of RFC 7208 says of one client and one identity, and the Received-SPF field of it.
/// kOk, whatever the result; kUnusable.
int ask_spf(const SpfOptions& options);

}  // namespace postern::cli
