#pragma once

#include "policy/limits/tally.h"

/// The same for units that count values, each once.
///
/// distinct_recipients: a value stands in a window's ring under the slot of its last commit, and moves when it is committed
/// again; while it is reserved, it stands in none. Without memory it may stand in a newer slot, and so leaves later, never
/// earlier. first_time_recipients: the rings have the firsts alone, and the set remembers who is known.
namespace postern::limits::values {

/// What the value costs. False where no further value can be kept (kMostValues), which is over the limit, too.
bool cost(Account* account, const Request& request, Weighed& weighed);
Taken take(Account& account, const Request& request);
std::int64_t commit(Account& account, const Request& request, const Held& held);
void release(Account& account, const Request& request, const Held& held);

}  // namespace postern::limits::values
