#include "policy/dns/breaker.h"

#include <algorithm>

namespace postern::dns {

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
  errors_.erase(
      std::remove_if(errors_.begin(), errors_.end(),
                     [&](const Error& error) { return error.at + limits_.within <= now || error.zone == zone; }),
      errors_.end());
  errors_.push_back({std::string(zone), now});
  if (open_ || limits_.errors == 0 || errors_.size() < limits_.errors) return false;
  errors_.clear();
  open_ = true;
  next_trial_ = now + limits_.trial_every;
  return true;
}

bool Breaker::open(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (open_ || limits_.errors == 0) return false;
  errors_.clear();
  open_ = true;
  next_trial_ = now + limits_.trial_every;
  return true;
}

bool Breaker::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

}  // namespace postern::dns
