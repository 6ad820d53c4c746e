#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern dkim keygen`: writes a new private key to a file that nobody else can read, and tells its DNS record and
/// where the configuration names it. An existing file stays as it is. kOk; kFailed where the key or the file cannot be
/// made; kUnusable for a domain or selector that is none.
int make_dkim_key(const DkimKeygenOptions& options);

}  // namespace postern::cli
