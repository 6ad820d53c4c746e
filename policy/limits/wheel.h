#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace postern::limits {

/// What can be in a wheel: it stands in a ring of links.
struct Link {
  Link* next = this;
  Link* previous = this;

  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool alone() const { return next == this; }
  void leave();
  void stand_before(Link& other);
};

/// A hierarchical timing wheel (Varghese and Lauck, SOSP 1987): what is due when, in seconds. Every operation is O(1).
/// What it holds may come before it is due, and is put in again then; nothing comes late by more than the calls do. Holds
/// no memory of its own for what is in it. Not thread-safe.
class Wheel {
 public:
  explicit Wheel(std::int64_t now) : at_(now) {}

  /// Where it stands in this or no wheel.
  void put(Link& link, std::int64_t due);
  /// Goes on towards `now`, at most `steps` steps, each a second or one call of `use(link)` for what came; `use` has
  /// it leave, or puts it in again.
  template <class Use>
  void advance(std::int64_t now, std::size_t steps, Use use) {
    for (; steps > 0; --steps) {
      if (!due_.alone()) {
        Link& link = *due_.next;
        link.leave();
        use(link);
      } else if (at_ < now) {
        tick();
      } else {
        return;
      }
    }
  }
  bool idle(std::int64_t now) const { return at_ >= now && due_.alone(); }

 private:
  static constexpr int kBits = 6;
  static constexpr std::size_t kSlots = std::size_t{1} << kBits;
  static constexpr std::size_t kLevels = 4;  // 194 days

  void tick();

  std::int64_t at_;
  Link due_;
  std::array<std::array<Link, kSlots>, kLevels> slots_;
};

}  // namespace postern::limits
