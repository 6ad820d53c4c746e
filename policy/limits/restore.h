#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/sip_hash.h"
#include "policy/limits/accounts.h"
#include "policy/limits/saved_account.h"
#include "policy/store/store.h"

namespace postern::limits {

/// Which start of the machine this is (Linux: /proc/sys/kernel/random/boot_id); empty where nobody can tell.
std::string system_boot();
/// As it is stored; 0 of the empty one, which is never the same as another.
std::uint64_t boot_number(std::string_view boot);

/// The time now, as it is saved.
saved::Time time_now(std::uint64_t boot, const Clock& clock);

/// The key under which values are hashed: that of the store, which gets one where it has none.
SipKey kept_value_key(store::Store& store, const Clock& clock);

/// Fills empty accounts with what was saved. What cannot be read is left out, and counts in limits.restore_bad, what has
/// no room in limits.restore_left, all others in limits.restored.
void restore(Accounts& accounts, store::Store& store, std::uint64_t boot, const Clock& clock, Counters& counters);

}  // namespace postern::limits
