#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern dmarc`: what DMARC makes of an author whose mail SPF and DKIM have authenticated as those domains. kOk,
/// whatever the result; kUnusable, also where the author has no domain.
int ask_dmarc(const DmarcOptions& options);

}  // namespace postern::cli
