#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/limits/accounts.h"
#include "policy/store/store.h"

namespace postern::limits {

/// The thread "postern-limits": writes changed accounts to the store, so often, and forgets those in which nothing stands
/// any more. Those of hurry() come soon, and before others, however many there are. What the store did not take is
/// written again. Thread-safe.
class Saver {
 public:
  /// `store` may be null: nothing is written. All outlive this.
  Saver(Accounts& accounts, store::Store* store, std::uint64_t boot, const Clock& clock, Counters& counters,
        std::chrono::milliseconds every);
  /// Writes what is changed.
  ~Saver();
  Saver(const Saver&) = delete;
  Saver& operator=(const Saver&) = delete;

  bool saves() const { return store_ != nullptr; }
  /// The accounts of this hash in this shard are not to wait.
  void hurry(std::size_t shard, std::uint64_t hash);
  /// Writes what is changed, and waits until it is durable.
  bool save(const Deadline& deadline);
  /// What is saved of an account goes, too, soon; it is forgotten already. Never waits.
  void forget(std::size_t shard, std::uint64_t hash, std::string key_in_store);

 private:
  struct Where {
    std::size_t shard;
    std::uint64_t hash;
  };
  void run();
  void tend();
  void write();
  void write_urgent();
  void write_shard(std::size_t number);
  void write_accounts(std::size_t number, std::span<const std::uint64_t> hashes);
  void waited(bool durable);
  void stain_again(std::span<const Where> accounts);

  Accounts& accounts_;
  store::Store* const store_;
  const std::uint64_t boot_;
  const Clock& clock_;
  const std::chrono::milliseconds every_;
  Counter &saved_, &failed_;

  std::mutex writing_;           // one writes: an older state never follows a newer one
  std::vector<Where> unwaited_;  // put since the store last said that all is durable
  std::atomic<bool> failing_{false};

  std::atomic<bool> hurry_{false};  // something is urgent, or forgotten: changed under mutex_
  std::mutex mutex_;                // guards ending_, urgent_ and forgotten_
  std::vector<Where> urgent_;
  std::vector<std::pair<Where, std::string>> forgotten_;  // with its key in the store
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace postern::limits
