#include "policy/store/memory_store.h"

#include <utility>

#include "policy/store/counting.h"

namespace postern::store {

MemoryStore::MemoryStore(const Table::Limits& limits, const Clock& clock, Counters& counters)
    : times_(clock),
      evicted_(counters.get("store.evicted")),
      refused_(counters.get("store.refused")),
      shards_(limits) {}

std::optional<Entry> MemoryStore::get(Space space, std::string_view key) {
  Shard& shard = shards_.of(space, key);
  std::optional<Entry> entry;
  {
    const std::lock_guard lock(shard.mutex);
    if (const Entry* found = shard.table.find(space, key, times_.now())) entry = *found;
  }
  if (entry) entry->expires = times_.told(entry->expires);
  return entry;
}

Ticket MemoryStore::put(Space space, std::string_view key, std::string_view value, WallTime expires) {
  if (!fits(key, value)) {
    refused_.add();
    return kRefused;
  }
  Shard& shard = shards_.of(space, key);
  Entry entry{std::string(value), times_.kept(expires)};
  const std::lock_guard lock(shard.mutex);
  evicted_.add(static_cast<std::int64_t>(shard.table.put(space, key, std::move(entry), times_.now())));
  return ++last_;
}

Ticket MemoryStore::erase(Space space, std::string_view key) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  shard.table.erase(space, key);
  return ++last_;
}

std::int64_t MemoryStore::add(Space space, std::string_view key, std::int64_t n, WallTime expires) {
  if (!fits(key, {})) {
    refused_.add();
    return n;
  }
  Shard& shard = shards_.of(space, key);
  const WallTime now = times_.now();
  const std::lock_guard lock(shard.mutex);
  const Entry* found = shard.table.find(space, key, now);
  const std::int64_t sum = sum_of(found != nullptr ? found->value : "", n);
  Entry entry{std::to_string(sum), found != nullptr ? found->expires : times_.kept(expires)};
  evicted_.add(static_cast<std::int64_t>(shard.table.put(space, key, std::move(entry), now)));
  ++last_;
  return sum;
}

std::vector<Store::Listed> MemoryStore::list(Space space, std::string_view prefix, std::size_t most) {
  std::vector<Listed> all;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    all = merged(std::move(all), shard->table.list(space, prefix, most, times_.now()), most);
  }
  for (Listed& listed : all) listed.entry.expires = times_.told(listed.entry.expires);
  return all;
}

Health MemoryStore::health() const {
  Health health;
  health.durable = false;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    health.entries += shard->table.entries();
  }
  return health;
}

}  // namespace postern::store
