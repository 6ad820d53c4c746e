#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "policy/limits/allowance.h"
#include "policy/limits/budget.h"
#include "policy/limits/gcra.h"
#include "policy/limits/moment.h"
#include "policy/limits/ring.h"
#include "policy/limits/value_set.h"
#include "policy/limits/wheel.h"

namespace postern::limits {

/// A reservation that is neither committed nor released counts no more after a week, at most a slot later.
/// local: longer than any transaction. Postfix waits 300 s for each of 1000 recipients, which is 83 hours; a client that
/// outlived its lease would be charged without a test, as often as it has sessions. Those who reserve release whatever
/// comes, and a crash leaves nothing: what a lease is there for hardly happens.
constexpr Shape kLease = Shape::of(std::chrono::hours(24 * 7));

struct Window {
  explicit Window(std::chrono::seconds length)
      : seconds(static_cast<std::uint32_t>(length.count())),
        slot(static_cast<std::uint32_t>(slot_of(length).count())) {}

  std::int64_t most = 0;   ///< as it was last asked with …
  std::int64_t burst = 0;  ///< … and 0 where there is none
  Gcra smooth;
  std::uint32_t seconds;
  std::uint32_t slot;  ///< ms
  Ring used;           ///< what was committed

  Shape shape() const { return {std::int64_t{seconds} * 1000, slot}; }
  Allowance allow() const;
};

/// Of an account whose unit counts values, each once. One of distinct_recipients that is reserved counts in `open` alone: it
/// is taken out of the windows' rings, and put back when nobody has it reserved any more.
struct Values {
  ValueSet set;
  Moment latest = 0;    ///< when one was committed last
  Moment purge_at = 0;  ///< before this, none of a full set can go
};
/// Does it stand, or would it if nobody had it reserved, in the ring of such a window?
inline bool stands(const ValueSet::Entry& entry, const Shape& shape, Moment now) {
  return entry.last != 0 && shape.slot_at(entry.last) >= shape.oldest(now);
}

/// What is counted under a limit and a key: one block of memory, with the name and the windows behind it. Not thread-safe.
struct Account final : Link {
  std::uint16_t limit_bytes = 0;
  std::uint16_t key_bytes = 0;
  Unit unit = Unit::messages;
  std::uint8_t count = 0;    ///< of windows …
  std::uint8_t room = 0;     ///< … and how many there may be
  bool dirty = false;        ///< something is not written …
  bool urgent = false;       ///< … so much that it was told to be
  std::uint32_t serial = 0;  ///< which holds are its own
  std::uint32_t refused = 0;
  Ring open;                       ///< reserved, by the slot of kLease in which it was
  std::unique_ptr<Values> values;  ///< of units that count values, from the first on
  std::int64_t unsaved = 0;        ///< committed since it was written

  static Account* make(std::string_view limit, std::string_view key, Unit unit, std::size_t room, Budget& budget);
  /// The same with room for more windows; `old` is gone.
  static Account* widened(Account* old, std::size_t room, Budget& budget);
  static void destroy(Account* account, Budget& budget);

  std::string_view limit() const { return {behind(), limit_bytes}; }
  std::string_view key() const { return {behind() + limit_bytes, key_bytes}; }
  std::span<Window> windows() { return {reinterpret_cast<Window*>(behind() + name_bytes()), count}; }
  std::span<const Window> windows() const { return {reinterpret_cast<const Window*>(behind() + name_bytes()), count}; }
  Window* window(std::chrono::seconds length) {
    for (Window& window : windows()) {
      if (window.seconds == length.count()) return &window;
    }
    return nullptr;
  }
  /// There is room for it.
  Window& add_window(std::chrono::seconds length);
  /// Gives up a window that is not among `wanted`, the emptiest.
  void drop_window_beside(std::span<const Allowance> wanted, Budget& budget);

  /// Forgets what has left its window.
  void expire(Moment now, Budget& budget);
  /// What stands in the window, reservations included.
  std::int64_t used(const Window& window) const { return window.used.sum() + open.sum(); }
  /// When nothing will stand in it any more.
  Moment ends() const;
  Values& need_values(Budget& budget);

 private:
  explicit Account(std::uint8_t windows) : room(windows) {}
  ~Account() = default;
  void forget_leases(Moment now, Budget& budget);

  const char* behind() const { return reinterpret_cast<const char*>(this + 1); }
  char* behind() { return reinterpret_cast<char*>(this + 1); }
  static constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + alignof(Window) - 1) / alignof(Window) * alignof(Window);
  }
  std::size_t name_bytes() const { return aligned(std::size_t{limit_bytes} + key_bytes); }
  std::size_t bytes() const { return sizeof(Account) + name_bytes() + room * sizeof(Window); }
};

}  // namespace postern::limits
