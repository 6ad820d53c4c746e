#pragma once

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern org-domain`: the organizational domain of a name, by the public suffix list or by the tree walk of RFC
/// 9989. kOk, also where there is none; kFailed where DNS does not tell; kUnusable.
int show_organization(const OrgDomainOptions& options);

}  // namespace postern::cli
