#include "policy/accounts/callout/streaks.h"

#include <algorithm>

namespace postern::callout {

namespace {

constexpr std::size_t kMostDomains = 10'000;  // local: then the one that is longest ago goes

}  // namespace

bool Streaks::is_paused(const Domain& domain, SteadyTime now) const {
  return streaks_.with([&](const auto& streaks) {
    const auto found = streaks.find(domain);
    return found != streaks.end() && now < found->second.paused_until;
  });
}

bool Streaks::missing(const Domain& domain, SteadyTime now) {
  if (limits_.in_a_row == 0) return false;
  return streaks_.with([&](auto& streaks) {
    if (streaks.size() >= kMostDomains && !streaks.contains(domain)) {
      streaks.erase(std::min_element(streaks.begin(), streaks.end(),
                                     [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
    }
    Streak& streak = streaks[domain];
    if (streak.last + limits_.pause <= now) streak.length = 0;
    streak.last = now;
    if (++streak.length < limits_.in_a_row) return false;
    streak.length = 0;
    streak.paused_until = now + limits_.pause;
    return true;
  });
}

void Streaks::exists(const Domain& domain) {
  streaks_.with([&](auto& streaks) { streaks.erase(domain); });
}

std::size_t Streaks::paused(SteadyTime now) const {
  return streaks_.with([&](const auto& streaks) {
    return static_cast<std::size_t>(std::count_if(streaks.begin(), streaks.end(),
                                                  [&](const auto& entry) { return now < entry.second.paused_until; }));
  });
}

}  // namespace postern::callout
