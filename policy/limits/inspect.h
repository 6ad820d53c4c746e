#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/limits/accounts.h"
#include "policy/limits/ledger.h"
#include "policy/limits/saver.h"

/// What people ask of all accounts. Looks at every one, a shard at a time, and stops with what it has where the deadline
/// passes.
namespace postern::limits {

std::vector<Ledger::Account> accounts_of(Accounts& accounts, std::string_view key, const Deadline& deadline);
std::vector<Ledger::Account> fullest(Accounts& accounts, std::string_view limit, std::size_t most,
                                     const Deadline& deadline);
/// Forgets the accounts of a key, what is saved of them, too; of all limits where `limit` is empty.
std::size_t forget(Accounts& accounts, Saver& saver, std::string_view limit, std::string_view key,
                   const Deadline& deadline);

}  // namespace postern::limits
