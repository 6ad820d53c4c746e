#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// A back end whose answers a test makes up.
class FakeConnector final : public Connector {
 public:
  using Ask = std::function<Reply(const Question&, SteadyTime until)>;

  /// From now on; called on the threads of the connections.
  void answers(Ask ask) {
    const std::lock_guard lock(mutex_);
    ask_ = std::move(ask);
  }
  /// While it is not empty, connecting fails with it.
  void refuse(std::string problem) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(problem);
  }
  /// Whether a connection can be used again after a failed reply.
  void survive(bool yes) { usable_ = yes; }

  Result<std::unique_ptr<Backend>> connect(SteadyTime) const override {
    ++connects;
    const std::lock_guard lock(mutex_);
    if (!refusal_.empty()) return Error{refusal_, {}};
    return std::unique_ptr<Backend>(std::make_unique<Connected>(*this));
  }
  bool has(Lookup lookup) const override { return lookup == Lookup::login; }
  std::string describe() const override { return "a fake"; }

  mutable std::atomic<int> connects{0};
  mutable std::atomic<int> asked{0};

 private:
  class Connected final : public Backend {
   public:
    explicit Connected(const FakeConnector& of) : of_(of) {}
    Reply ask(const Question& question, SteadyTime until) override {
      ++of_.asked;
      Ask ask;
      {
        const std::lock_guard lock(of_.mutex_);
        ask = of_.ask_;
      }
      return ask ? ask(question, until) : Reply::value("the one of " + question.key);
    }
    bool usable() const override { return of_.usable_; }

   private:
    const FakeConnector& of_;
  };

  mutable std::mutex mutex_;
  Ask ask_;
  std::string refusal_;
  std::atomic<bool> usable_{false};
};

/// Where what answers waits until a test lets it go on.
class Gate {
 public:
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  /// False when `until` came first.
  bool pass(SteadyTime until) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    const bool passed = changed_.wait_until(lock, until, [this] { return open_; });
    --waiting_;
    return passed;
  }
  void await(int waiting) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

}  // namespace postern::accounts
