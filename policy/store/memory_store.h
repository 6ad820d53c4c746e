#pragma once

#include <atomic>
#include <mutex>

#include "policy/base/counters.h"
#include "policy/store/shards.h"
#include "policy/store/store.h"
#include "policy/store/table.h"
#include "policy/store/times.h"

namespace postern::store {

/// The store of a process that need not remember: nothing is durable, wait() says so at once. The clock and the counters
/// outlive it.
class MemoryStore final : public Store {
 public:
  MemoryStore(const Table::Limits& limits, const Clock& clock, Counters& counters);

  std::optional<Entry> get(Space space, std::string_view key) override;
  Ticket put(Space space, std::string_view key, std::string_view value, WallTime expires) override;
  Ticket erase(Space space, std::string_view key) override;
  std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires) override;
  std::vector<Listed> list(Space space, std::string_view prefix, std::size_t most) override;
  Ticket last() const override { return last_; }
  bool wait(Ticket, const Deadline&) override { return false; }
  Health health() const override;

 private:
  struct Shard {
    explicit Shard(const Table::Limits& limits) : table(limits) {}
    std::mutex mutex;  // guards the table
    Table table;
  };

  const Times times_;
  Counter& evicted_;
  Counter& refused_;
  Shards<Shard> shards_;
  std::atomic<Ticket> last_{0};
};

}  // namespace postern::store
