#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `recipient-account`: is there somebody behind a recipient of ours? docs/checks/recipient-account.md.
extern const CheckType kRecipientAccount;

}  // namespace postern
