#include "config/keep.h"

#include <utility>

#include "policy/limits/redis_ledger.h"
#include "policy/store/redis/connection.h"

namespace postern::config {

using limits::MemoryLedger;
using limits::RedisLedger;

Result<Keeping> keep(const Configuration& configuration, const Clock& clock, Counters& counters) {
  Keeping kept;
  const bool is_shared = configuration.store.type == store::Options::Type::redis;
  if (is_shared) {
    Result<std::shared_ptr<store::redis::Connection>> redis =
        store::redis::Connection::make(configuration.store.redis, counters);
    if (!redis) return redis.error();
    kept.redis = *std::move(redis);
  }
  Result<std::unique_ptr<store::Store>> store = store::make_store(configuration.store, clock, counters, kept.redis);
  if (!store) return store.error();
  kept.store = *std::move(store);
  // What is shared is kept there: this machine's own counts are for the time when it is away. And a store in memory would
  // not outlive what is written to it.
  const bool is_file = configuration.store.type == store::Options::Type::sqlite;
  const MemoryLedger::Options options{.most_bytes = configuration.ledger_bytes};
  kept.memory = std::make_shared<MemoryLedger>(options, clock, counters, is_file ? kept.store.get() : nullptr);
  kept.ledger = kept.memory;
  if (is_shared)
    kept.ledger = std::make_shared<RedisLedger>(RedisLedger::Options{}, *kept.redis, *kept.memory, counters);
  return kept;
}

Keeping keep_in_memory(std::shared_ptr<store::Store> store, const Clock& clock, Counters& counters) {
  Keeping kept;
  kept.store = std::move(store);
  kept.memory = std::make_shared<MemoryLedger>(MemoryLedger::Options{}, clock, counters, nullptr);
  kept.ledger = kept.memory;
  return kept;
}

}  // namespace postern::config
