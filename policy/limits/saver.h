#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/limits/accounts.h"
#include "policy/store/store.h"

namespace postern::limits {

/// The thread "postern-limits": writes changed accounts to the store, so often or soon after hurry(), and forgets those in
/// which nothing stands any more. Thread-safe.
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
  void hurry();
  /// Writes what is changed, and waits until it is durable.
  bool save(const Deadline& deadline);
  /// What is saved of an account goes, too; it is forgotten already.
  void forget(std::string_view limit, std::string_view key, bool coarse);

 private:
  void run();
  void write();
  void write_shard(std::size_t number);
  void put(std::string_view key, std::string_view value, WallTime expires);

  Accounts& accounts_;
  store::Store* const store_;
  const std::uint64_t boot_;
  const Clock& clock_;
  const std::chrono::milliseconds every_;
  Counter &saved_, &failed_;

  std::mutex writing_;  // one writes: an older state never follows a newer one
  std::size_t unwaited_ = 0;

  std::atomic<bool> hurry_{false};
  std::mutex mutex_;  // guards ending_
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace postern::limits
