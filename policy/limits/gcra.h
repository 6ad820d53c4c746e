#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "policy/limits/allowance.h"
#include "policy/limits/moment.h"

namespace postern::limits {

/// The generic cell rate algorithm (ITU-T I.371 A): at most `burst` at once, and then one each window / most. Keeps the
/// theoretical arrival time alone. Allowances given have a burst, and `most` is not 0. Not thread-safe.
class Gcra {
 public:
  /// Milliseconds until `n` fit, 0 where they do; more than `burst` never fit.
  std::int64_t wait(const Allowance& allow, std::int64_t n, Moment now) const {
    const double over = backlog(now) + static_cast<double>(n - *allow.burst) * interval(allow);
    return over <= kRounding ? 0 : static_cast<std::int64_t>(std::ceil(over - kRounding));
  }
  /// Counts `n`; never further ahead than a whole window.
  void add(const Allowance& allow, std::int64_t n, Moment now) {
    const double window = static_cast<double>(Shape::of(allow.window).window);
    arrival_ = static_cast<double>(now) + std::min(window, backlog(now) + static_cast<double>(n) * interval(allow));
  }
  /// By when all that is in has run off: after add(), what was added too.
  double arrival() const { return arrival_; }
  /// Gives `n` back that were added when that came to `arrival`, but for what has run off since: that was used up.
  void give_back(const Allowance& allow, std::int64_t n, double arrival, Moment now) {
    arrival_ -= std::clamp(arrival - static_cast<double>(now), 0.0, static_cast<double>(n) * interval(allow));
  }

  /// Milliseconds from now on in which what is in has run off.
  double backlog(Moment now) const { return std::max(0.0, arrival_ - static_cast<double>(now)); }
  void set_backlog(double ms, Moment now) { arrival_ = static_cast<double>(now) + ms; }

 private:
  static constexpr double kRounding = 1e-3;  // of a millisecond
  static double interval(const Allowance& allow) {
    return static_cast<double>(Shape::of(allow.window).window) / static_cast<double>(allow.most);
  }

  double arrival_ = 0;
};

}  // namespace postern::limits
