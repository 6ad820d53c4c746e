#include "policy/accounts/callout/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postern::callout {

namespace {

using namespace std::chrono_literals;

constexpr auto kDay = 48h;  // longer than what it counts, and then it goes by itself
constexpr auto kHour = 2h;

template <class Unit>
std::int64_t count_of(WallTime now) {
  return std::chrono::floor<Unit>(now.time_since_epoch()).count();
}

std::string day_key(WallTime now) { return fmt::format("day {}", count_of<std::chrono::days>(now)); }

std::string client_key(const IpAddress& client, WallTime now) {
  return fmt::format("client {} {}", network_of(client).text(), count_of<std::chrono::hours>(now));
}

}  // namespace

bool Budget::takes(const std::string& key, std::int64_t most, WallTime expires) {
  if (store_.add(store::Space::callout_budget, key, 1, expires) <= most) return true;
  store_.add(store::Space::callout_budget, key, -1, expires);
  return false;
}

bool Budget::takes_one(WallTime now) { return takes(day_key(now), per_day_, now + kDay); }

bool Budget::takes_one_for(const IpAddress& client, WallTime now) {
  return takes(client_key(client, now), per_client_and_hour_, now + kHour);
}

void Budget::give_back(const std::optional<IpAddress>& client, WallTime now) {
  store_.add(store::Space::callout_budget, day_key(now), -1, now + kDay);
  if (client) store_.add(store::Space::callout_budget, client_key(*client, now), -1, now + kHour);
}

std::int64_t Budget::today(WallTime now) const {
  const auto entry = store_.get(store::Space::callout_budget, day_key(now));
  std::int64_t count = 0;
  if (entry) std::from_chars(entry->value.data(), entry->value.data() + entry->value.size(), count);
  return count;
}

}  // namespace postern::callout
