#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/limits/allowance.h"

namespace postern::limits {

constexpr std::size_t kMostKeyBytes = 512;  // local: an address is at most 320; longer keys are hashed at their end

/// A key of any length as one of at most kMostKeyBytes: cut, with a hash of the whole at its end. Pure.
std::string bounded_key(std::string key);

/// What a limit does while the store that several machines share cannot be asked.
enum class Fallback {
  local,  ///< this machine counts alone, against its share
  defer,  ///< the answer is `unavailable`, and rules defer
  skip,   ///< the answer is `unavailable`, and rules go on without it
};

/// One thing to be counted, or to be looked at. The views outlive the call.
struct Demand {
  std::string_view limit;  ///< its name: with the key, what is counted under
  std::string_view key;    ///< at most kMostKeyBytes
  Unit unit = Unit::messages;
  std::span<const Allowance> allow;  ///< 1 to kMostWindows, of different lengths; changing `most` keeps the history
  std::int64_t amount = 1;           ///< not negative; 1 for units that count values
  std::string_view value = {};       ///< of units that count values: what is counted once
  int near = 80;                     ///< percent of `most` from which on it is near
  Fallback fallback = Fallback::local;
};

/// What became of a demand. `used` of a window is what stands in it with this demand if that was taken, without it
/// otherwise; open reservations count.
struct Answer {
  enum class Kind { ok, near, over, unavailable };
  static constexpr std::chrono::milliseconds kNever = std::chrono::milliseconds::max();

  Kind kind = Kind::unavailable;
  bool local = false;                              ///< counted against this machine's share
  std::array<std::int64_t, kMostWindows> used{};   ///< of each window
  std::array<std::int64_t, kMostWindows> allow{};  ///< as it was tested (a share, where `local`)
  std::size_t tightest = 0;                        ///< the window that refuses longest, or has the least left
  std::chrono::milliseconds next{0};  ///< over: until it would fit, at most a slot late; kNever: it can not
  bool coarse = false;                ///< counted under a coarser key, since there are too many
};

/// The windows of a demand, kept in place: at most kMostWindows.
class Windows {
 public:
  Windows() = default;
  Windows(std::span<const Allowance> all) { *this = all; }  // NOLINT: it is a copy of them
  Windows& operator=(std::span<const Allowance> all) {
    count_ = std::min(all.size(), kMostWindows);
    std::copy_n(all.begin(), count_, windows_.begin());
    return *this;
  }
  operator std::span<const Allowance>() const { return {windows_.data(), count_}; }  // NOLINT: as a vector's
  auto begin() const { return windows_.begin(); }
  auto end() const { return windows_.begin() + static_cast<std::ptrdiff_t>(count_); }

 private:
  std::array<Allowance, kMostWindows> windows_{};
  std::size_t count_ = 0;
};

/// A reservation, to be given to commit() or release() once. Copies are the same reservation.
struct Hold {
  std::uint64_t id = 0;
  std::size_t demand = 0;  ///< its place among the demands of that call
  std::string limit, key;
  Unit unit = Unit::messages;
  Windows allow;
  std::int64_t amount = 0;
  std::int64_t cost = 0;  ///< what it takes of the limit: in memory nothing for a value that is in; else the amount
  std::string value;
  bool local = false;                           ///< in this machine's share
  std::uint64_t name_hash = 0;                  ///< in memory: of limit and key
  std::array<double, kMostWindows> arrivals{};  ///< in memory: by when it runs off in windows with a burst
};

/// How the names begin of what behaviour counts: nobody has set limits to that.
inline constexpr std::string_view kBehaviourPrefix = "behaviour/";

/// Counts, in windows that end now (FIELD 2.6). Whatever the interleaving: what was committed within any window, and
/// what is reserved, is never more than allowed, but for what charge() put in without a test. Thread-safe; never throws.
class Ledger {
 public:
  virtual ~Ledger() = default;

  /// Tests all demands and takes those that fit, each for itself, in one atomic step (FAULTS T58); `answers` has one
  /// place each. The Hold of each that was taken is appended to `holds`. A reservation that is neither committed nor
  /// released for as long as a lease counts no more: a week in memory, an hour in Redis, where whoever reserved may be a
  /// machine that is gone. Where a store is shared: one round trip, no longer than `deadline` or that store's own time-out.
  virtual void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
                       const Deadline& deadline) = 0;
  /// How long a reservation is sure to stand that is neither committed nor released.
  virtual std::chrono::seconds lease() const { return std::chrono::hours(24 * 7); }
  /// Only looks: what reserve() would answer.
  virtual void look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline& deadline) = 0;
  /// The MTA takes what was reserved: it is used from now on. Never waits.
  virtual void commit(std::span<const Hold> holds) = 0;
  /// It is given back, as if it had never been. Never waits.
  virtual void release(std::span<const Hold> holds) = 0;
  /// Counts without a test what happened in any case. Never waits.
  virtual void charge(std::span<const Demand> demands) = 0;
  /// Counts a try that was refused; it uses nothing up. Never waits.
  virtual void note_refused(std::string_view limit, std::string_view key) = 0;

  /// What is counted under a key.
  struct Account {
    std::string limit, key;
    Unit unit = Unit::messages;
    struct Window {
      Allowance allow;  ///< as it was last asked with
      std::int64_t used = 0;
    };
    std::vector<Window> windows;
    std::int64_t reserved = 0;  ///< of `used`: not committed yet
    std::int64_t refused = 0;   ///< tries, since the account came to be
  };
  /// The accounts of this key, of every limit, and of keys of several parts whose first it is (in a shared store those among
  /// the fullest).
  virtual std::vector<Account> show(std::string_view key, const Deadline& deadline) = 0;
  /// Those that have used the largest part of what they may, of one limit or (empty) of all, but for what behaviour counts.
  virtual std::vector<Account> top(std::string_view limit, std::size_t most, const Deadline& deadline) = 0;
  /// Forgets the accounts of this key, of one limit or (empty) of all; how many there were. 0 where a shared store does
  /// not answer: what stands there stays.
  virtual std::size_t reset(std::string_view limit, std::string_view key, const Deadline& deadline) = 0;
};

}  // namespace postern::limits
