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
/// under coarser ones (FAULTS T56, T57): the domain of an address, the network around one (/16, /32 of IPv6), else one of
/// 1024 cells. They share what one of them would have, Answer::coarse says so, and limits.coarse counts. Keys that are
/// there go on as before. Limits named "behaviour/…" have half of the memory at most, and beyond that are not counted: the
/// answer is `unavailable` and coarse. Time is that of the steady clock: what the wall clock is set to does not matter.
///
/// What was committed is written behind to `store` in space `limit`, and read from there at the start. A crash forgets what
/// is on its way to the file: of each account what was committed since `save_every` and the store's 20 ms before it, but
/// no more than 1 / `save_part` of its smallest `most` and what was committed in the last 60 ms (20 ms between two writings
/// and 20 ms of the store, with some for the disk; after a loss of power, since the store last synced). Accounts with so
/// much are written before all others, however many those are: one after the other as they came, and on a slow disk after
/// what the store was given before, 5000 accounts at most; a flood of such accounts, as those of a limit below `save_part`
/// always are, takes the time that the disk takes for it. So after n crashes within a window at most n times that much
/// more than `most` was let through. What the store refuses, or has lost when it is asked (each 5000 accounts), is given to
/// it again with the next writing, and limits.save_failed counts; until the file can be written, a crash forgets all since.
/// Reservations that are open at a crash are given up: their mail was not taken.
///
/// Two things shrink at a restart. Of an account with more values than fit into a value of the store (64 KiB, some 5000), the
/// latest stay: older ones of distinct_recipients count on, but twice when they come again; of first_time_recipients, they
/// are strangers again. And a store that holds no more entries of a space (store.entries, by default a million) lets those
/// go that expire first, whose accounts begin anew then; store.evicted counts.
///
/// After a restart within one start of the machine, ages are those of the steady clock; after another, those of the wall
/// clock, and nothing is from the future: what the clock is behind by then, is held longer.
class MemoryLedger final : public Ledger {
 public:
  struct Options {
    std::size_t most_bytes = std::size_t{256} << 20;
    std::chrono::milliseconds save_every{500};
    std::int64_t save_part = 16;  ///< what was committed is written at once when it is such a part of what is allowed
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
