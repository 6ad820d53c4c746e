#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `helo-name`: does the client greet with a name of its own? docs/checks/helo-name.md.
extern const CheckType kHeloName;

}  // namespace postern
