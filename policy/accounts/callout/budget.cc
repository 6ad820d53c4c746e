#include "policy/accounts/callout/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace postern::callout {

namespace {

using namespace std::chrono_literals;

constexpr int kNetworkBits4 = 24;  // local: what one customer commonly has
constexpr int kNetworkBits6 = 64;

template <class Unit>
std::int64_t count_of(WallTime now) {
  return std::chrono::floor<Unit>(now.time_since_epoch()).count();
}

std::string day_key(WallTime now) { return fmt::format("day {}", count_of<std::chrono::days>(now)); }

}  // namespace

bool Budget::takes(const std::string& key, std::int64_t most, WallTime expires) {
  if (store_.add(store::Space::callout_budget, key, 1, expires) <= most) return true;
  store_.add(store::Space::callout_budget, key, -1, expires);
  return false;
}

bool Budget::takes_one(WallTime now) { return takes(day_key(now), per_day_, now + 48h); }

bool Budget::takes_one_for(const IpAddress& client, WallTime now) {
  return takes(fmt::format("client {} {}", network_of(client).text(), count_of<std::chrono::hours>(now)),
               per_client_and_hour_, now + 2h);
}

std::int64_t Budget::today(WallTime now) const {
  const auto entry = store_.get(store::Space::callout_budget, day_key(now));
  std::int64_t count = 0;
  if (entry) std::from_chars(entry->value.data(), entry->value.data() + entry->value.size(), count);
  return count;
}

}  // namespace postern::callout
