#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "milter/cli/command_line.h"

namespace postern::cli {

/// Asks the daemon that the options lead to, one line for one line; nothing, and why on standard error, where it cannot be
/// asked.
std::optional<std::string> ask_daemon_of(const ControlOptions& options, std::string_view request);

}  // namespace postern::cli
