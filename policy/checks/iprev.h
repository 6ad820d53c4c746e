#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `iprev`: does the name of the client lead back to its address? docs/checks/iprev.md.
extern const CheckType kIprev;

}  // namespace postern
