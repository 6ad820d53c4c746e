#include "policy/base/breaker.h"

#include <algorithm>

namespace postern {

bool Breaker::admits(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!open_) return true;
  if (now < next_trial_) return false;
  next_trial_ = now + limits_.trial_every;
  return true;
}

void Breaker::succeeded() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  errors_.clear();
}

bool Breaker::failed(std::string_view zone, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  std::erase_if(errors_, [&](const Error& error) { return error.zone == zone; });
  errors_.push_back({std::string(zone), now});
  if (errors_.size() > std::max<std::size_t>(limits_.errors, 1)) errors_.erase(errors_.begin());
  return !open_ && limits_.errors > 0 && errors_.size() >= limits_.errors;
}

bool Breaker::open(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  if (open_ || limits_.errors == 0 || errors_.size() < limits_.errors) return false;
  errors_.clear();
  open_ = true;
  next_trial_ = now + limits_.trial_every;
  return true;
}

void Breaker::forget_old(SteadyTime now) {
  std::erase_if(errors_, [&](const Error& error) { return error.at + limits_.within <= now; });
}

bool Breaker::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace postern
