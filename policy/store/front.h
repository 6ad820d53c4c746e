#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/guarded.h"
#include "policy/store/shards.h"
#include "policy/store/store.h"
#include "policy/store/table.h"

namespace postern::store {

/// What stands in memory before a file: the newest state of each key that is not written yet, and what was written or
/// read lately. Times are the store's own. Thread-safe.
///
/// Unwritten states are bounded. Where there are too many, a further key is kept as one of those read lately, counts in
/// store.queue_full, and is not written: wait() for it fails.
class Front {
 public:
  struct Limits {
    Table::Limits unwritten;  ///< of all spaces together
    Table::Limits recent;
  };
  Front(const Limits& limits, Counters& counters);

  /// Nothing: absent, or expired.
  using State = std::optional<Entry>;

  struct Known {
    bool known = false;  ///< false: ask the file
    State state;
    std::uint64_t writes = 0;  ///< for remember()
  };
  Known get(Space space, std::string_view key, WallTime now);
  /// Keeps what the file said, unless something was written since get() said `writes`.
  void remember(Space space, std::string_view key, const Entry& entry, std::uint64_t writes, WallTime now);

  Ticket put(Space space, std::string_view key, Entry entry, WallTime now);
  Ticket erase(Space space, std::string_view key, WallTime now);
  /// `ask_file` answers the entry of the file; nobody else writes the key meanwhile.
  std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires, WallTime now,
                   const std::function<State()>& ask_file);

  struct Overlay {
    std::map<std::string, State, std::less<>> unwritten;  ///< all with the prefix
    std::vector<Store::Listed> recent;
  };
  Overlay list(Space space, std::string_view prefix, std::size_t most, WallTime now);

  struct Unwritten {
    Space space{};
    std::string key;
    State state;
    Ticket ticket = 0;
  };
  /// All that is unwritten; `up_to` is the last ticket that is surely among it.
  std::vector<Unwritten> unwritten(Ticket& up_to) const;
  /// They stand in the file now.
  void written(const Unwritten* begin, const Unwritten* end, WallTime now);
  /// The file is lost: what is known of it is written again, as far as the limit goes.
  void write_again();

  Ticket last() const { return last_; }
  std::size_t waiting() const { return waiting_; }
  /// All up to the ticket is durable, but for what found no place.
  void settled(Ticket up_to);
  /// May one of the writes up to this ticket have found no place? In doubt, yes.
  bool has_lost(Ticket up_to) const;

 private:
  struct Pending {
    State state;
    Ticket ticket = 0;
  };
  using PendingKeys = std::map<std::string, Pending, std::less<>>;
  struct Shard {
    explicit Shard(const Table::Limits& limits) : recent(limits) {}
    mutable std::mutex mutex;  // guards what follows
    std::array<PendingKeys, kSpaces> pending;
    Table recent;
    std::uint64_t writes = 0;

    PendingKeys& of(Space space) { return pending[static_cast<std::size_t>(space)]; }
    Known find(Space space, std::string_view key, WallTime now);
  };
  Ticket change(Shard& shard, Space space, std::string_view key, State state, WallTime now);
  bool enqueue(Shard& shard, Space space, std::string_view key, State state, Ticket ticket);
  void dequeue(PendingKeys& keys, PendingKeys::iterator at);
  void lose(Ticket ticket);

  const Table::Limits most_unwritten_;
  Counter& queue_full_;
  Shards<Shard> shards_;
  std::atomic<Ticket> last_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> waiting_bytes_{0};

  struct Lost {
    Ticket first = 0;
    Ticket last = 0;
    Ticket until = 0;  ///< the end of the stretch in which something was lost
  };
  Guarded<Lost> lost_;
};

}  // namespace postern::store
