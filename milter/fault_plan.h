#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "policy/base/clock.h"

namespace postern {

/// For tests: lets one place fail, each time it is come by.
///
/// Written STEP/KIND. STEP is a callback's name ("negotiate", "connect" … "end-of-message", "abort", "close"), or
/// "edit": behind the first header edit. KIND is what happens there: "exception" (a std::exception, also when no kind is
/// given), "memory" (std::bad_alloc), "odd" (something that is no std::exception), "kill" (SIGKILL), "fail" (of "edit":
/// libmilter refuses it), or "judging" and a number n: the n-th look at the clock within the callback throws, which is
/// in the middle of the engine's work. With "/once" behind it, it happens once.
class FaultPlan {
 public:
  explicit FaultPlan(std::string_view text = {});

  /// Happens, when it is planned for `place`; true when the place itself shall fail.
  bool at(std::string_view place) const;

  /// Around a callback: what is planned to happen while it is judging.
  class Judging {
   public:
    Judging(const FaultPlan& plan, std::string_view callback);
    ~Judging();
    Judging(const Judging&) = delete;
    Judging& operator=(const Judging&) = delete;
  };
  /// A look at the clock on this thread; throws when it is the planned one.
  static void look();

 private:
  std::string place_;
  std::string kind_;
  int looks_ = 0;
  bool once_ = false;
  mutable std::atomic<bool> happened_{false};
};

/// A clock at which callbacks fail as planned.
class FailingClock final : public Clock {
 public:
  SteadyTime now() const override {
    FaultPlan::look();
    return clock_.now();
  }
  WallTime wall() const override {
    FaultPlan::look();
    return clock_.wall();
  }

 private:
  SystemClock clock_;
};

}  // namespace postern
