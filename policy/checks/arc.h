#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `arc`: does its ARC chain hold (RFC 8617)? docs/checks/arc.md.
extern const CheckType kArc;

}  // namespace postern
