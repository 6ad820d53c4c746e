#pragma once

#include <memory>
#include <utility>

#include "policy/base/clock.h"
#include "policy/base/guarded.h"
#include "policy/engine/policy.h"

namespace postern {

/// The policy that new messages get; swapped whole by a reload, kept by the messages that began with it. Thread-safe.
class PolicyInForce {
 public:
  PolicyInForce(std::shared_ptr<const Policy> policy, WallTime since) : state_(State{std::move(policy), since}) {}

  std::shared_ptr<const Policy> get() const {
    return state_.with([](const State& s) { return s.policy; });
  }
  WallTime since() const {
    return state_.with([](const State& s) { return s.since; });
  }
  void replace(std::shared_ptr<const Policy> policy, WallTime since) {
    state_.with([&](State& s) { s = State{std::move(policy), since}; });
  }

 private:
  struct State {
    std::shared_ptr<const Policy> policy;
    WallTime since;
  };
  Guarded<State> state_;
};

}  // namespace postern
