#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace postern::bench {

/// Random numbers that are the same everywhere for the same seed (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double part() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double p) { return part() < p; }
  double between(double least, double most) { return least + part() * (most - least); }
  /// In [least, most].
  int number(int least, int most) {
    return least + static_cast<int>(next() % static_cast<std::uint64_t>(most - least + 1));
  }
  double normal() { return std::sqrt(-2 * std::log(1 - part())) * std::cos(2 * std::numbers::pi * part()); }
  /// With a long tail: `spread` is the deviation of its logarithm.
  double tailed(double median, double spread) { return median * std::exp(spread * normal()); }
  /// How many happen, where `mean` are expected.
  int poisson(double mean) {
    if (mean > 60) return static_cast<int>(std::max(0.0, std::round(mean + std::sqrt(mean) * normal())));
    const double end = std::exp(-mean);
    int n = 0;
    for (double p = part(); p > end; p *= part()) ++n;
    return n;
  }
  /// Small numbers often, large ones seldom, below `size`.
  int skewed(int size) { return static_cast<int>(std::pow(part(), 2.5) * size); }

 private:
  std::uint64_t state_;
};

}  // namespace postern::bench
