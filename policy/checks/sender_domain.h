#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `sender-domain`: can the domain of the reverse-path be written back to? docs/checks/sender-domain.md.
extern const CheckType kSenderDomain;

}  // namespace postern
