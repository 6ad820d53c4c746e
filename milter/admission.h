#pragma once

#include <atomic>
#include <cstddef>

#include "policy/base/counters.h"

namespace postern {

/// How many milter sessions are open and how many callbacks are at work, and whether one more is welcome; nobody is
/// while memory is short. Lock-free.
class Admission {
 public:
  /// Counts to "milter.sessions", "milter.callbacks" (gauges) and "milter.shed.sessions", "milter.shed.callbacks",
  /// "milter.shed.memory".
  explicit Admission(Counters& counters)
      : open_(counters.get("milter.sessions")),
        working_(counters.get("milter.callbacks")),
        shed_sessions_(counters.get("milter.shed.sessions")),
        shed_callbacks_(counters.get("milter.shed.callbacks")),
        shed_memory_(counters.get("milter.shed.memory")) {}

  /// The caps may change with a reload.
  void limit(std::size_t sessions, std::size_t callbacks) {
    max_sessions_ = static_cast<std::int64_t>(sessions);
    max_callbacks_ = static_cast<std::int64_t>(callbacks);
  }
  /// From now on new messages are not welcome; those that are open go on.
  void memory_is_short(bool is_short) { memory_is_short_ = is_short; }
  bool sheds_for_memory() const {
    if (!memory_is_short_) return false;
    shed_memory_.add();
    return true;
  }
  std::int64_t sessions() const { return sessions_.load(); }

  /// A milter session, from negotiation to close.
  class Session {
   public:
    explicit Session(Admission& admission)
        : admission_(admission), welcome_(++admission.sessions_ <= admission.max_sessions_) {
      admission.open_.add();
      if (!welcome_) admission.shed_sessions_.add();
    }
    ~Session() {
      --admission_.sessions_;
      admission_.open_.add(-1);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    bool welcome() const { return welcome_; }

   private:
    Admission& admission_;
    bool welcome_;
  };

  /// A callback that may wait.
  class Callback {
   public:
    explicit Callback(Admission& admission)
        : admission_(admission), welcome_(++admission.callbacks_ <= admission.max_callbacks_) {
      admission.working_.add();
      if (!welcome_) admission.shed_callbacks_.add();
    }
    ~Callback() {
      --admission_.callbacks_;
      admission_.working_.add(-1);
    }
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;
    bool welcome() const { return welcome_; }

   private:
    Admission& admission_;
    bool welcome_;
  };

 private:
  std::atomic<std::int64_t> sessions_{0};
  std::atomic<std::int64_t> callbacks_{0};
  std::atomic<std::int64_t> max_sessions_{2000};
  std::atomic<std::int64_t> max_callbacks_{500};
  std::atomic<bool> memory_is_short_{false};
  Counter& open_;
  Counter& working_;
  Counter& shed_sessions_;
  Counter& shed_callbacks_;
  Counter& shed_memory_;
};

}  // namespace postern
