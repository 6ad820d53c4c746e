#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace postern::limits {

/// How much memory may be used, and is. Thread-safe.
class Budget {
 public:
  explicit Budget(std::size_t most) : most_(most) {}

  /// What malloc takes for so many bytes (glibc: a word of its own, multiples of 16, at least 32).
  static constexpr std::size_t chunk(std::size_t bytes) {
    return std::max<std::size_t>(32, (bytes + sizeof(std::size_t) + 15) / 16 * 16);
  }

  void take(std::size_t bytes) { used_.fetch_add(chunk(bytes), std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { used_.fetch_sub(chunk(bytes), std::memory_order_relaxed); }
  /// What is there may grow by so much.
  bool has(std::size_t bytes) const { return used() + chunk(bytes) <= most_; }
  /// Something new may begin. local: the last eighth is for what is there to grow.
  bool has_room() const { return used() < most_ / 8 * 7; }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace postern::limits
