#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `preflight`: would others take what our users send as our own domains? docs/checks/preflight.md.
extern const CheckType kPreflight;

}  // namespace postern
