#pragma once

#include <mutex>
#include <utility>

namespace postern {

/// A value that several threads share, reachable only under its lock: `counter.with([](auto& c) { return ++c; })`.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class Use>
  decltype(auto) with(Use use) {
    const std::lock_guard lock(mutex_);
    return use(value_);
  }
  template <class Use>
  decltype(auto) with(Use use) const {
    const std::lock_guard lock(mutex_);
    return use(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace postern
