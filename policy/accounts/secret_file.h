#pragma once

#include <string>

#include "policy/base/result.h"

namespace postern::accounts {

/// The password in a file: its first line. The Error names the file and never what is in it: not readable, no regular
/// file, readable for everybody, empty, too long.
Result<std::string> read_secret(const std::string& path);

}  // namespace postern::accounts
