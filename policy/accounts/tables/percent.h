#pragma once

#include "policy/accounts/key_template.h"

namespace postern::accounts {

/// The parts that Postfix's tables write as `%s %u %d %1`…`%9`, and `%S %U %D`. False for any other character behind
/// the `%`.
bool add_percent(KeyTemplate& to, char character);

}  // namespace postern::accounts
