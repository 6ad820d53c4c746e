#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"

namespace postern::store {

/// What an entry is about. Each space has a cap of its own, so that none can push out another's entries. The names and
/// numbers stand in files: never change one, never use one again.
enum class Space : std::uint8_t {
  callout_address = 1,  ///< what a callout found of an address
  callout_domain = 2,   ///< … and of a domain
  callout_budget = 3,   ///< probes of a day
  callout_refusal = 4,  ///< hosts that asked us, in their replies, not to probe
  evidence = 5,         ///< addresses known to exist, or not to, from mail that went by
  observed_grant = 6,   ///< who sent as whom while learning
  misses = 7,           ///< refused recipients of a client network or a login
  dmarc_row = 8,        ///< what a DMARC aggregate report tells of some messages of a day
  dmarc_count = 9,      ///< … and of how many
  limit = 10,           ///< what limits have counted
  frozen = 11,          ///< accounts that may not send
  incident = 12,        ///< what people were told of lately
};
inline constexpr std::size_t kSpaces = 13;  ///< one more than the largest number
std::string_view name(Space space);

constexpr std::size_t kMostKeyBytes = 1024;       // local: an address is at most 320
constexpr std::size_t kMostValueBytes = 65536;    // local
constexpr std::chrono::hours kLongest{24 * 400};  // local: a learned grant is seen again within a year and a month

struct Entry {
  std::string value;
  WallTime expires{};
};

/// A point in the order of all writes: what was written up to it is durable once wait() says so.
using Ticket = std::uint64_t;
inline constexpr Ticket kRefused = ~Ticket{0};  ///< nothing was taken: never durable

struct Health {
  bool durable = true;      ///< false: in memory alone, by choice or since the file cannot be written
  std::string problem;      ///< why it cannot be written or read; empty while all is well
  std::string notice;       ///< the last file that was moved aside, why and whereto; empty: none was
  std::size_t entries = 0;  ///< about: those of the file are counted a while after the start
  std::size_t waiting = 0;  ///< writes that are not in the file yet
};

/// Counters and caches with expiry, behind one interface. Keys and values are bytes; an entry is gone the moment it
/// expires. Times are wall-clock as the caller sees it now: what is stored is the time that is left, at most kLongest,
/// so that a step of the clock neither ends all entries nor leaves one for ever (FAULTS T64). Bounded: where a space or
/// the whole is full, others go for what comes, and count in store.evicted. Never throws; get(), add() and list() may
/// read a file, and nothing but wait() waits until one is written. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  /// The entry, with what this process has written and is not durable yet. Nothing: absent, expired, or not readable
  /// (health() then says why).
  virtual std::optional<Entry> get(Space space, std::string_view key) = 0;
  /// A key or value over its limit is not taken, counts in store.refused and is answered kRefused.
  virtual Ticket put(Space space, std::string_view key, std::string_view value, WallTime expires) = 0;
  virtual Ticket erase(Space space, std::string_view key) = 0;
  /// Adds `n` to a counter, which begins at 0 where there is none or it has expired; `expires` counts for a new one
  /// alone. Answers the sum. The value of a counter, for get(), is its decimal text.
  virtual std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires) = 0;

  struct Listed {
    std::string key;
    Entry entry;
  };
  /// At most `most` entries of a space whose keys begin with `prefix`, in the order of their keys.
  virtual std::vector<Listed> list(Space space, std::string_view prefix, std::size_t most) = 0;

  /// The ticket of the last write, with all that this thread has written; wait() for it to have all of them durable.
  virtual Ticket last() const = 0;
  /// Waits until all up to `ticket` is durable, a loss of power included; false when it is not by `deadline`, at once
  /// while nothing can be written, and where one of those writes found the queue full.
  virtual bool wait(Ticket ticket, const Deadline& deadline) = 0;
  virtual Health health() const = 0;
  /// What an operator should read in the log and has not been answered yet: files moved aside, why and whereto.
  virtual std::vector<std::string> take_notices() { return {}; }
};

}  // namespace postern::store
