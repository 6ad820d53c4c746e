#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "policy/base/clock.h"
#include "policy/dns/source.h"

namespace postern::dns {

/// Stands still until it is told; its wall clock is stepped apart.
class FakeClock final : public Clock {
 public:
  SteadyTime now() const override { return at_; }
  WallTime wall() const override { return wall_; }
  void advance(std::chrono::milliseconds by) { at_ += by; }
  void step_wall(std::chrono::hours by) { wall_ += by; }

 private:
  SteadyTime at_{std::chrono::seconds(1000)};
  WallTime wall_{};
};

/// Keeps the questions, and answers when it is told.
class HeldSource final : public Source {
 public:
  struct Held {
    Question question;
    Way way;
    Done done;
  };
  /// `doubt`, where given, tells whether its answers are in doubt.
  explicit HeldSource(std::deque<Held>& held, const bool* doubt = nullptr) : held_(held), doubt_(doubt) {}
  ~HeldSource() override {
    for (Held& h : held_) h.done({});
  }
  bool in_doubt() const override { return doubt_ != nullptr && *doubt_; }
  void ask(const Question& question, Way way, Done done) override { held_.push_back({question, way, std::move(done)}); }

 private:
  std::deque<Held>& held_;
  const bool* doubt_;
};

inline Question question(std::string_view name) { return {*Domain::parse(name), Type::a}; }

inline Answer answer_of(Status status, std::chrono::seconds ttl = std::chrono::seconds(0)) {
  Answer answer;
  answer.status = status;
  answer.ttl = ttl;
  if (status == Status::tempfail || status == Status::bogus) answer.problem = name(status);
  return answer;
}

}  // namespace postern::dns
