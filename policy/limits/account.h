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

/// A reservation that is neither committed nor released counts no more after an hour, at most a slot later.
constexpr Shape kLease = Shape::of(std::chrono::hours(1));

struct Window {
  explicit Window(std::chrono::seconds length) : seconds(static_cast<std::uint32_t>(length.count())) {}

  std::int64_t most = 0;   ///< as it was last asked with …
  std::int64_t burst = 0;  ///< … and 0 where there is none
  Gcra smooth;
  std::uint32_t seconds;
  Ring used;  ///< what was committed

  Shape shape() const { return Shape::of(std::chrono::seconds(seconds)); }
  Allowance allow() const;
};

/// Of an account whose unit counts values, each once. Reserved values that stand in a window's ring at the same time are
/// in `held` under the slot where they stand, and count once.
struct Values {
  ValueSet set;
  std::array<Ring, kMostWindows> held;  ///< distinct_recipients: of each window
  Moment latest = 0;                    ///< when one was committed last
  Moment purge_at = 0;                  ///< before this, none of a full set can go
};

/// What is counted under a limit and a key: one block of memory, with the windows and the name behind it. Not thread-safe.
struct Account final : Link {
  Ring open;                       ///< reserved, by the slot of kLease in which it was
  std::unique_ptr<Values> values;  ///< of units that count values, from the first on
  std::int64_t unsaved = 0;        ///< committed since it was written
  std::uint32_t serial = 0;        ///< which holds are its own
  std::uint32_t refused = 0;
  std::uint16_t limit_bytes = 0;
  std::uint16_t key_bytes = 0;
  Unit unit = Unit::messages;
  std::uint8_t count = 0;  ///< of windows …
  std::uint8_t room = 0;   ///< … and how many there may be
  bool dirty = false;      ///< something is not written

  static Account* make(std::string_view limit, std::string_view key, Unit unit, std::size_t room, Budget& budget);
  /// The same with room for more windows; `old` is gone.
  static Account* widened(Account* old, std::size_t room, Budget& budget);
  static void destroy(Account* account, Budget& budget);

  std::string_view limit() const;
  std::string_view key() const;
  std::span<Window> windows() { return {reinterpret_cast<Window*>(this + 1), count}; }
  std::span<const Window> windows() const { return {reinterpret_cast<const Window*>(this + 1), count}; }
  Window* window(std::chrono::seconds length);
  /// There is room for it.
  Window& add_window(std::chrono::seconds length);
  /// Gives up a window that is not among `wanted`, the emptiest.
  void drop_window_beside(std::span<const Allowance> wanted, Budget& budget);

  /// Forgets what has left its window.
  void expire(Moment now, Budget& budget);
  /// What stands in the window, reservations included.
  std::int64_t used(const Window& window) const;
  /// When nothing will stand in it any more.
  Moment ends() const;
  Values& need_values(Budget& budget);

 private:
  explicit Account(std::uint8_t windows) : room(windows) {}
  ~Account() = default;
  void forget_leases(Moment now);
  static std::size_t bytes(std::size_t room, std::size_t name);
};

}  // namespace postern::limits
