#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/limits/budget.h"
#include "policy/limits/ledger.h"
#include "policy/limits/name.h"
#include "policy/limits/shard.h"

namespace postern::limits {

/// All accounts: shards; others for what behaviour counts, to which strangers add at will and which therefore has a part of
/// the memory, so that limits have the rest whatever comes; and one more for the accounts of coarser keys, which has memory
/// of its own, so that there is something to count under (FAULTS T56). What the shards themselves need (about 1 MB) is
/// beside the budget. Thread-safe, as far as Shard says.
class Accounts {
 public:
  static constexpr std::size_t kOwnShards = 128;
  static constexpr std::size_t kBehaviourShards = 64;
  static constexpr std::size_t kShards = kOwnShards + kBehaviourShards;
  static constexpr std::size_t kCoarse = kShards;  ///< the number of the last

  /// The clock and the counters outlive it.
  Accounts(std::size_t most_bytes, bool unkeyed_hash, const Clock& clock, Counters& counters);

  Moment now() const { return moment_of(clock_.now()); }
  const NameHash& hash() const { return hash_; }
  static bool is_behaviour(const Name& name) { return name.limit().starts_with(kBehaviourPrefix); }
  static std::size_t shard_of(const Name& name) {
    const std::uint64_t top = name.hash() >> 32;  // tables go by the other end
    return is_behaviour(name) ? kOwnShards + (top >> 26) : top >> 25;
  }
  Shard& shard(std::size_t number) { return *shards_[number]; }
  /// The key under which is counted what has no room, and its account where there is one; the coarse shard is locked.
  struct Coarser {
    std::string key;
    Name name;
    Account* account = nullptr;
  };
  std::unique_ptr<Coarser> coarser(const Name& name, Unit unit, Moment now);

  /// Calls `use(shard)` for each, under its lock, until it says false.
  template <class Use>
  bool each_shard(Use use) {
    for (const auto& shard : shards_) {
      const std::lock_guard lock(shard->mutex);
      if (!use(*shard)) return false;
    }
    return true;
  }

 private:
  static_assert(kOwnShards == 1 << (32 - 25) && kBehaviourShards == 1 << (32 - 26), "shard_of() has as many bits");
  static_assert(kShards % 64 == 0, "ShardLocks has words of 64");

  const Clock& clock_;
  const NameHash hash_;
  Budget budget_, behaviour_budget_, coarse_budget_;
  std::array<std::unique_ptr<Shard>, kShards + 1> shards_;
};

/// Locks some shards, each once and in order, so that nobody waits in a ring. Not thread-safe.
class ShardLocks {
 public:
  explicit ShardLocks(Accounts& accounts) : accounts_(accounts) {}
  ~ShardLocks();
  ShardLocks(const ShardLocks&) = delete;
  ShardLocks& operator=(const ShardLocks&) = delete;

  void want(std::size_t number) { wanted_[number / 64] |= std::uint64_t{1} << (number % 64); }
  /// All that are wanted.
  void lock();
  /// The coarse shard, after all others; where it is not locked yet.
  void lock_coarse();

 private:
  template <class Use>
  void each(Use use);

  Accounts& accounts_;
  std::array<std::uint64_t, Accounts::kShards / 64> wanted_{};
  bool locked_ = false;
  bool coarse_ = false;
};

}  // namespace postern::limits
