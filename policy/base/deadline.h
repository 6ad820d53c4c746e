#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "policy/base/clock.h"

namespace postern {

/// Is told when a thread that serves a callback begins to wait, while it goes on, and when it ends. The milter adapter
/// nudges libmilter's workers and sends progress from here. Methods are called on the waiting thread.
class WaitObserver {
 public:
  virtual ~WaitObserver() = default;
  virtual void begins() = 0;
  virtual void goes_on() = 0;  ///< about once a second
  virtual void ends() = 0;
};

/// The moment until which a caller is ready to wait. Every wait of the product goes through wait(), so that it can be
/// seen by the observer. A small value; copy it. The observer, where there is one, outlives it.
class Deadline {
 public:
  explicit Deadline(SteadyTime at, WaitObserver* observer = nullptr) : at_(at), observer_(observer) {}

  SteadyTime at() const { return at_; }
  bool passed(SteadyTime now) const { return now >= at_; }
  /// The earlier of both, told to the same observer.
  Deadline no_later_than(SteadyTime other) const { return Deadline(other < at_ ? other : at_, observer_); }

  /// Waits until `ready()` holds, which is asked under `lock`; false when the moment came first.
  template <class Ready>
  bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, Ready ready) const {
    if (ready()) return true;
    if (observer_ == nullptr) return changed.wait_until(lock, at_, ready);
    tell(lock, &WaitObserver::begins);
    bool done = false;
    for (;;) {
      const SteadyTime slice = std::chrono::steady_clock::now() + std::chrono::seconds(1);
      done = changed.wait_until(lock, slice < at_ ? slice : at_, ready);
      if (done || std::chrono::steady_clock::now() >= at_) break;
      tell(lock, &WaitObserver::goes_on);
    }
    tell(lock, &WaitObserver::ends);
    return done || ready();
  }

 private:
  // The observer writes to sockets: never under somebody's lock.
  void tell(std::unique_lock<std::mutex>& lock, void (WaitObserver::*what)()) const {
    lock.unlock();
    (observer_->*what)();
    lock.lock();
  }

  SteadyTime at_;
  WaitObserver* observer_;
};

}  // namespace postern
