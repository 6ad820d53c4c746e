#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `sender-account`: is there somebody behind the sender address? docs/checks/sender-account.md.
extern const CheckType kSenderAccount;

}  // namespace postern
