#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "policy/base/deadline.h"
#include "policy/base/pool.h"

namespace postern {

/// A value worth computing once, by whoever needs it first.
///
/// `compute(deadline)` answers the value, or nothing when `deadline` came before the answer; it is then asked again by
/// the next caller. start() hands it to a pool; get() takes it back when the pool has not begun with it, so that a full
/// pool never delays anyone. What a pool thread runs outlives this object: `compute` must own (shared_ptr) all it
/// touches.
template <class T>
class Lazy {
 public:
  using Compute = std::function<std::optional<T>(const Deadline&)>;

  explicit Lazy(Compute compute) : state_(std::make_shared<State>()) { state_->compute = std::move(compute); }

  /// Lets the pool compute it by `deadline`. Nothing happens where it has begun, or the pool has no thread.
  void start(Pool& pool, SteadyTime deadline) {
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->phase != Phase::idle) return;
      state_->phase = Phase::queued;
    }
    const bool taken = pool.start([state = state_, deadline] { run_if(*state, Phase::queued, Deadline(deadline)); });
    if (!taken) {
      const std::lock_guard lock(state_->mutex);
      if (state_->phase == Phase::queued) state_->phase = Phase::idle;
    }
  }

  /// The value, computed here or awaited; nothing when it is not there by `deadline`.
  std::optional<T> get(const Deadline& deadline) {
    for (;;) {
      {
        std::unique_lock lock(state_->mutex);
        if (state_->value) return state_->value;
        if (state_->phase == Phase::running) {
          if (!deadline.wait(lock, state_->changed, [&] { return state_->phase != Phase::running; }))
            return std::nullopt;
          if (state_->value) return state_->value;
          if (deadline.passed(std::chrono::steady_clock::now())) return std::nullopt;
        }
      }
      if (run_if(*state_, Phase::idle, deadline) || run_if(*state_, Phase::queued, deadline)) {
        const std::lock_guard lock(state_->mutex);
        return state_->value;
      }
    }
  }

  /// The value if it is there; never waits.
  std::optional<T> peek() const {
    const std::lock_guard lock(state_->mutex);
    return state_->value;
  }

 private:
  enum class Phase { idle, queued, running };
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    Phase phase = Phase::idle;
    Compute compute;
    std::optional<T> value;
  };

  static bool run_if(State& state, Phase expected, const Deadline& deadline) {
    {
      const std::lock_guard lock(state.mutex);
      if (state.phase != expected || state.value) return false;
      state.phase = Phase::running;
    }
    std::optional<T> value = state.compute(deadline);
    {
      const std::lock_guard lock(state.mutex);
      state.value = std::move(value);
      state.phase = Phase::idle;
    }
    state.changed.notify_all();
    return true;
  }

  std::shared_ptr<State> state_;
};

}  // namespace postern
