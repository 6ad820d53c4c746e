#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/sip_hash.h"
#include "policy/limits/accounts.h"
#include "policy/limits/ledger.h"
#include "policy/limits/saver.h"
#include "policy/limits/tally.h"

namespace postern::limits {

/// The steps of a ledger in memory: finds the accounts, locks them, has them tested and counted in. What has no account
/// and no room for one is counted under a coarser key; but what behaviour counts, not at all, since of many it says
/// nothing. Thread-safe.
class Counting {
 public:
  /// `value_key` is the key under which values are hashed. All outlive it.
  Counting(Accounts& accounts, Saver& saver, std::int64_t save_part, const SipKey& value_key, Counters& counters);

  /// Tests the demands, and takes those that fit; with no `holds` it only tests.
  void ask(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>* holds);
  void commit(const Hold& hold);
  void release(const Hold& hold);
  void charge(const Demand& demand);
  void note_refused(std::string_view limit, std::string_view key);

 private:
  /// Where something is counted.
  struct Found {
    const Name* name;
    Shard* shard;                                     ///< nullptr: it is not counted
    Account* account;                                 ///< nullptr: there is none yet
    std::unique_ptr<Accounts::Coarser> coarser = {};  ///< it is under this name
  };
  Found find(const Name& name, Unit unit, Moment now, ShardLocks& locks);
  Answer ask_one(const Demand& demand, const Name& name, Moment now, ShardLocks& locks, std::vector<Hold>* holds);
  void count(const Demand& demand, const Hold* hold);
  Request request(const Demand& demand, Shard& shard, Moment now);

  Accounts& accounts_;
  Saver& saver_;
  const std::int64_t save_part_;
  const SipKey value_key_;
  Counter &coarse_, &values_full_;
};

}  // namespace postern::limits
