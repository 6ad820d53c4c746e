#include "policy/base/counters.h"

namespace postern {

Counter& Counters::get(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.find(name);
  if (found != counters_.end()) return *found->second;
  return *counters_.emplace(std::string(name), std::make_unique<Counter>()).first->second;
}

std::map<std::string, std::int64_t> Counters::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> values;
  for (const auto& [name, counter] : counters_) values.emplace(name, counter->value());
  return values;
}

}  // namespace postern
