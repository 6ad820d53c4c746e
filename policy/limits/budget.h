#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace postern::limits {

/// How much memory may be used, and is; it may be a part of another budget, which outlives it. Thread-safe.
class Budget {
 public:
  explicit Budget(std::size_t most, Budget* within = nullptr) : most_(most), within_(within) {}

  /// What malloc takes for so many bytes (glibc: a word of its own, multiples of 16, at least 32).
  static constexpr std::size_t chunk(std::size_t bytes) {
    return std::max<std::size_t>(32, (bytes + sizeof(std::size_t) + 15) / 16 * 16);
  }

  void take(std::size_t bytes) {
    used_.fetch_add(chunk(bytes), std::memory_order_relaxed);
    if (within_ != nullptr) within_->take(bytes);
  }
  void give_back(std::size_t bytes) {
    used_.fetch_sub(chunk(bytes), std::memory_order_relaxed);
    if (within_ != nullptr) within_->give_back(bytes);
  }
  /// What is there may grow by so much.
  bool has(std::size_t bytes) const {
    return used() + chunk(bytes) <= most_ && (within_ == nullptr || within_->has(bytes));
  }
  /// Something new may begin. local: the last eighth is for what is there to grow.
  bool has_room() const { return used() < most_ / 8 * 7 && (within_ == nullptr || within_->has_room()); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t most_;
  Budget* const within_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace postern::limits
