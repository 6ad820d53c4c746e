#pragma once

#include "policy/engine/services.h"
#include "policy/engine/transaction.h"

namespace postern {

/// Notes that a recipient of `transaction` was refused for good, by the MTA itself (SMFIP_RCPT_REJ) or by us: counts
/// it (recipients.missed), and in the store, if there is one, an hour long for the client's network and for the login
/// (Space::misses, keys "net NETWORK" and "login NAME"). Who tries out addresses is told once an hour, by an event
/// `harvest`. Never waits.
void note_miss(const Transaction& transaction, Services& services);

/// So many refused recipients in an hour are no mistyped addresses any more.
constexpr std::int64_t kHarvestMisses = 20;  // local

}  // namespace postern
