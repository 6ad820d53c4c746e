#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `dmarc`: is the author's domain authenticated, and what does it want otherwise (RFC 9989)? docs/checks/dmarc.md.
extern const CheckType kDmarc;

}  // namespace postern
