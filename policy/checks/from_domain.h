#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `from-domain`: who wrote the message, and can each author be written back to? docs/checks/from-domain.md.
extern const CheckType kFromDomain;

}  // namespace postern
