#include "policy/base/log_limit.h"

namespace postern {

bool LogLimit::admits(std::string_view what, SteadyTime now) {
  auto window = windows_.find(what);
  if (window == windows_.end()) {
    if (windows_.size() >= kMaxClasses) what = "other";
    window = windows_.try_emplace(std::string(what), Window{now + kWindow}).first;
  }
  return ++window->second.seen <= kMost;
}

std::vector<LogLimit::Suppressed> LogLimit::take(SteadyTime now) {
  std::vector<Suppressed> suppressed;
  for (auto window = windows_.begin(); window != windows_.end();) {
    if (now < window->second.end) {
      ++window;
      continue;
    }
    if (window->second.seen > kMost) suppressed.push_back({window->first, window->second.seen - kMost});
    window = windows_.erase(window);
  }
  return suppressed;
}

}  // namespace postern
