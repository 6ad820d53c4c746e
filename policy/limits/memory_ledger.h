#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/limits/ledger.h"
#include "policy/store/store.h"

namespace postern::limits {

/// Counts in memory: sharded tables under a keyed hash, expiry by a wheel, a cap in bytes over which new keys are counted
/// under coarser ones (FAULTS T56, T57). What was counted is written behind to `store` in space `limit`, and read from there
/// at the start.
class MemoryLedger final : public Ledger {
 public:
  struct Options {
    std::size_t most_bytes = std::size_t{256} << 20;
    std::chrono::milliseconds save_every{500};  ///< what a crash may lose …
    std::int64_t save_part = 16;     ///< … unless this part of what is allowed was used before: saved at once
    bool test_unkeyed_hash = false;  ///< for tests: what the keyed hash is there for
    std::string boot = {};           ///< for tests: which start of the machine this is; empty: ask the system
  };
  /// `store` may be null: nothing is kept. All outlive this.
  MemoryLedger(const Options& options, const Clock& clock, Counters& counters, store::Store* store);
  ~MemoryLedger() override;

  void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
               const Deadline& deadline) override;
  void look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline& deadline) override;
  void commit(std::span<const Hold> holds) override;
  void release(std::span<const Hold> holds) override;
  void charge(std::span<const Demand> demands) override;
  void note_refused(std::string_view limit, std::string_view key) override;
  std::vector<Account> show(std::string_view key, const Deadline& deadline) override;
  std::vector<Account> top(std::string_view limit, std::size_t most, const Deadline& deadline) override;
  std::size_t reset(std::string_view limit, std::string_view key, const Deadline& deadline) override;

  /// Writes what was not written yet, and waits for the store until `deadline`: at a stop.
  bool save(const Deadline& deadline);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace postern::limits
