#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace postern::bench {

/// How long each of many calls took. Its own memory is there from the beginning, up to `expected` of them.
class Samples {
 public:
  explicit Samples(std::size_t expected) : took_(expected) { took_.clear(); }

  template <class Call>
  void time(Call call) {
    const auto began = std::chrono::steady_clock::now();
    call();
    took_.push_back(std::chrono::duration<float, std::micro>(std::chrono::steady_clock::now() - began).count());
  }
  void add(const Samples& other) { took_.insert(took_.end(), other.took_.begin(), other.took_.end()); }
  void clear() { took_.clear(); }

  /// As JSON, in µs.
  std::string json() {
    std::sort(took_.begin(), took_.end());
    return fmt::format("{{\"p50\":{:.2f},\"p99\":{:.2f},\"most\":{:.0f}}}", at(0.5), at(0.99), at(1));
  }

 private:
  float at(double part) const {
    if (took_.empty()) return 0;
    const auto index = static_cast<std::size_t>(part * static_cast<double>(took_.size()));
    return took_[std::min(took_.size() - 1, index)];
  }

  std::vector<float> took_;
};

/// The numbers below `count`, each once, in an order that no cache foresees.
class Scattered {
 public:
  explicit Scattered(std::uint64_t count) : count_(count) {}
  std::uint64_t operator()(std::uint64_t i) const { return i * kPrime % count_; }

 private:
  static constexpr std::uint64_t kPrime = 2'654'435'761;  // divides no count that is used here
  std::uint64_t count_;
};

inline double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace postern::bench
