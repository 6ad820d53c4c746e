#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `spf`: does the client's address speak for the sender's domain (RFC 7208)? docs/checks/spf.md.
extern const CheckType kSpf;

}  // namespace postern
