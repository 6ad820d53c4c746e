#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"

namespace postern {

/// Notices when nothing is answered any more, so that nobody waits for it (FAULTS T38). Failures count once a zone, and
/// any answer forgives them all: who sends from dead zones is no reason to open while others are answered. Thread-safe.
class Breaker {
 public:
  struct Limits {
    std::size_t errors = 4;  ///< so many zones failed … (0, for tests: never open)
    std::chrono::seconds within{10};
    std::chrono::seconds trial_every{5};
  };
  explicit Breaker(Limits limits) : limits_(limits) {}

  /// May a question be sent? While it is open, one in `trial_every` may.
  bool admits(SteadyTime now);
  /// The servers have answered something: closes it.
  void succeeded();
  /// No answer for a name in `zone`. True when there is reason to open it.
  bool failed(std::string_view zone, SteadyTime now);
  /// Opens it where there is reason to. True when that opened it.
  bool open(SteadyTime now);
  bool is_open() const;

 private:
  struct Error {
    std::string zone;
    SteadyTime at;
  };
  void forget_old(SteadyTime now);

  const Limits limits_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Error> errors_;
  bool open_ = false;
  SteadyTime next_trial_;
};

}  // namespace postern
