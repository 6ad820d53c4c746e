#pragma once

#include "policy/accounts/guarded_source.h"
#include "policy/base/settings.h"

namespace postern::accounts {

/// The settings of what stands before a back end, the same for every kind of one.
GuardOptions read_guard(Settings& settings);

}  // namespace postern::accounts
