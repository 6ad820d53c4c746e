#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "policy/base/counters.h"
#include "policy/limits/account.h"
#include "policy/limits/table.h"
#include "policy/limits/wheel.h"

namespace postern::limits {

/// A part of all accounts, locked apart. Its functions are called under `mutex`, with moments that do not go back.
class Shard {
 public:
  /// They outlive this. `accounts` is the gauge of how many there are.
  Shard(Budget& budget, const NameHash& hash, Counter& accounts, Moment now);
  ~Shard();

  /// The account as it is now; nullptr where there is none, or one of another unit, which goes.
  Account* find(const Name& name, Unit unit, Moment now);
  /// As find(), of whatever unit.
  Account* find(const Name& name, Moment now);
  /// A new one, with room for these windows.
  Account* make(const Name& name, Unit unit, std::span<const Allowance> allow, Moment now);
  /// The account with all these windows; it may have moved.
  Account* with_windows(const Name& name, Account* account, std::span<const Allowance> allow);
  void erase(const Name& name, Account* account);
  /// Something is to be written.
  void stain(std::uint64_t hash, Account& account);
  std::vector<std::uint64_t> take_stained();
  /// Forgets accounts in which nothing stands any more, in a few steps; false while there is more to do.
  bool tend(Moment now, std::size_t steps);

  Budget& budget() { return budget_; }
  Table& table() { return table_; }

  mutable std::mutex mutex;

 private:
  Account* with_room(const Name& name, Account* account, std::span<const Allowance> allow, std::size_t missing);
  void came(Account& account, Moment now);

  Budget& budget_;
  const NameHash& hash_;
  Counter& accounts_;
  Table table_;
  Wheel wheel_;
  std::vector<std::uint64_t> stained_;  ///< hashes of those that are dirty
  std::uint32_t serial_ = 0;
};

}  // namespace postern::limits
