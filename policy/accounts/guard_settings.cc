#include "policy/accounts/guard_settings.h"

namespace postern::accounts {

using namespace std::chrono_literals;

GuardOptions read_guard(Settings& s) {
  const auto seconds = [](std::chrono::milliseconds d) { return std::chrono::duration_cast<std::chrono::seconds>(d); };
  GuardOptions o;
  o.connections = static_cast<std::size_t>(s.number("connections", static_cast<std::int64_t>(o.connections), 1,
                                                    static_cast<std::int64_t>(kMostConnections), "at one time"));
  o.timeout = s.duration("timeout", o.timeout, 100ms, 8s, "longest wait for one answer");
  o.found_age = seconds(s.duration("cache", o.found_age, 0s, 24h, "what was found is asked for again after it"));
  o.absent_age = seconds(s.duration("negative-cache", o.absent_age, 0s, kMostAbsentAge, "the same of what was not found"));
  o.stale_age = seconds(s.duration("stale", o.stale_age, 0s, 7 * 24h,
                                   "what was found serves so long past its age while no new answer comes; 0s: never"));
  o.cache_entries = static_cast<std::size_t>(
      s.number("cache-entries", static_cast<std::int64_t>(o.cache_entries), 100, 10'000'000, "answers that are remembered"));
  return o;
}

}  // namespace postern::accounts
