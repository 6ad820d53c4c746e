#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/store/memory_store.h"
#include "policy/store/redis/connection.h"
#include "policy/store/store.h"

namespace postern::store {

/// Entries in a Redis that several machines share, under PREFIX SPACE:KEY. Each write goes to a MemoryStore, too, which
/// answers while Redis cannot be asked. get(), add() and list() wait for Redis, no longer than its time-out a round trip;
/// writes are told: of caches they are lost where Redis is away for more than 3 s. Times are what is left of them, by
/// Redis' clock. Nothing is durable as far as anybody here can know: wait() says so at once. The clock and the counters
/// outlive it.
class RedisStore final : public Store {
 public:
  RedisStore(std::shared_ptr<redis::Connection> redis, const Table::Limits& limits, const Clock& clock,
             Counters& counters);

  std::optional<Entry> get(Space space, std::string_view key) override;
  Ticket put(Space space, std::string_view key, std::string_view value, WallTime expires) override;
  Ticket erase(Space space, std::string_view key) override;
  std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires) override;
  /// Looks through all keys of the database, within kLongestList; of a Cluster, and what is beyond, only what is in this
  /// machine's memory.
  std::vector<Listed> list(Space space, std::string_view prefix, std::size_t most) override;
  Ticket last() const override { return local_.last(); }
  bool wait(Ticket, const Deadline&) override { return false; }
  Health health() const override;

  static constexpr std::chrono::seconds kLongestList{2};  // local

 private:
  std::string name_of(Space space, std::string_view key) const;
  Deadline deadline(std::chrono::milliseconds patience) const;
  /// The names that begin with `start`; false where Redis did not tell all of them.
  bool scan(const std::string& start, std::vector<std::string>& names, const Deadline& until);

  const std::shared_ptr<redis::Connection> redis_;
  const Clock& clock_;
  Counter& list_cut_;
  MemoryStore local_;
};

}  // namespace postern::store
