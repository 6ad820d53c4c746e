#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"

namespace postern {

/// Keeps a flood of equal complaints from filling the log (FAULTS T76): of each class of events so many within a window
/// are written, and afterwards how many were not. Not thread-safe.
class LogLimit {
 public:
  static constexpr std::int64_t kMost = 100;          // local
  static constexpr std::chrono::seconds kWindow{10};  // local
  static constexpr std::size_t kMaxClasses = 100;     // local: classes are the program's own words; more share one

  /// Whether one more event of `what` is written at `now`. Its window begins with the first.
  bool admits(std::string_view what, SteadyTime now);

  struct Suppressed {
    std::string what;
    std::int64_t count = 0;
  };
  /// What was left out in the windows that are over at `now`. Forgets them.
  std::vector<Suppressed> take(SteadyTime now);

 private:
  struct Window {
    SteadyTime end;
    std::int64_t seen = 0;
  };
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace postern
