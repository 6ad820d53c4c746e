#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `dkim`: does a signature of the message verify (RFC 6376)? docs/checks/dkim.md.
extern const CheckType kDkim;

}  // namespace postern
