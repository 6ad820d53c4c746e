#pragma once

#include "policy/engine/services.h"
#include "policy/engine/transaction.h"

namespace postern {

/// Notes that `recipient` of `transaction` was refused for good, by the MTA itself (SMFIP_RCPT_REJ) or by us: counts
/// it (recipients.missed), and in the store, if there is one, an hour long for the client's network and for the login
/// (Space::misses, keys "net NETWORK" and "login NAME"). Who tries out addresses is told once an hour, by an event
/// `harvest`. Limits that count such recipients are charged, and whoever watches behaviour is told. Never waits.
void note_miss(Transaction& transaction, RecipientState& recipient, Services& services);

/// So many refused recipients in an hour are no mistyped addresses any more.
constexpr std::int64_t kHarvestMisses = 20;  // local

}  // namespace postern
