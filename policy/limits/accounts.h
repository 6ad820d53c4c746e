#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/limits/budget.h"
#include "policy/limits/name.h"
#include "policy/limits/shard.h"

namespace postern::limits {

/// All accounts: shards, and one more for the accounts of coarser keys, which has memory of its own, so that there is
/// something to count under whatever comes (FAULTS T56). What the shards themselves need (about 0.7 MB) is beside the
/// budget. Thread-safe, as far as Shard says.
class Accounts {
 public:
  static constexpr std::size_t kShards = 128;
  static constexpr std::size_t kCoarse = kShards;  ///< the number of the last

  /// The clock and the counters outlive it.
  Accounts(std::size_t most_bytes, bool unkeyed_hash, const Clock& clock, Counters& counters);

  Moment now() const { return moment_of(clock_.now()); }
  const NameHash& hash() const { return hash_; }
  static std::size_t shard_of(const Name& name) { return name.hash() >> (64 - kShardBits); }
  Shard& shard(std::size_t number) { return *shards_[number]; }
  /// There is room for another account of its own.
  bool has_room() const { return budget_.has_room(); }
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
  static constexpr int kShardBits = 7;
  static_assert(std::size_t{1} << kShardBits == kShards);

  const Clock& clock_;
  const NameHash hash_;
  Budget budget_, coarse_budget_;
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
