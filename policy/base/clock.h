#pragma once

#include <chrono>

namespace postern {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Where time comes from, so that tests can turn it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back; what deadlines and ages are measured with.
  virtual SteadyTime now() const = 0;
  /// What people call the time; may be stepped.
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

}  // namespace postern
