#pragma once

#include <atomic>
#include <chrono>

#include "policy/base/clock.h"

namespace postern::test {

/// Stands still until it is told, on the morning of a day in 2026. Thread-safe.
class FakeClock final : public Clock {
 public:
  SteadyTime now() const override { return SteadyTime(std::chrono::milliseconds(steady_.load())); }
  WallTime wall() const override { return WallTime(std::chrono::milliseconds(wall_.load())); }
  /// Time goes by.
  void advance(std::chrono::milliseconds by) {
    steady_ += by.count();
    wall_ += by.count();
  }
  /// Somebody sets the clock.
  void step_wall(std::chrono::milliseconds by) { wall_ += by.count(); }

 private:
  std::atomic<std::chrono::milliseconds::rep> steady_{1'000'000};
  std::atomic<std::chrono::milliseconds::rep> wall_{1'780'000'000'000};
};

}  // namespace postern::test
