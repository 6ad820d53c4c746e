#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "policy/limits/budget.h"
#include "policy/limits/moment.h"

namespace postern::limits {

/// What fell into the slots of a sliding window: those alone that hold something, eight bytes each, and their sum. The
/// first needs no memory of its own. Where the budget has nothing left, the two oldest slots become one at the newer's
/// place: what is in them leaves later, never earlier.
///
/// `shape` is the same in all calls. Slots are given after expire() for a moment in whose window they are. clear() is
/// called before the end. Not thread-safe.
class Ring {
 public:
  Ring() = default;
  ~Ring();
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&& other) noexcept;  ///< they change places

  /// Forgets what is fully outside of the window that ends `now`.
  void expire(const Shape& shape, Moment now, Budget& budget) {
    if (size_ > 0 && shape.leaves(slot(0)) <= now) drop(shape, now, budget);
  }
  void add(std::int64_t slot, std::int64_t n, Budget& budget);
  /// Takes at most `n` out of that slot, or where it moved to; how much that was.
  std::int64_t take(std::int64_t slot, std::int64_t n);
  /// The same of that slot and the newer ones, where what was in it may be by now.
  void take_since(std::int64_t slot, std::int64_t n);
  void clear(Budget& budget);

  std::int64_t sum() const { return sum_; }
  std::size_t size() const { return size_; }
  /// When `n` of it, more than none, will have left; nothing where there is less in it.
  std::optional<Moment> frees(const Shape& shape, std::int64_t n) const;
  /// When all of it will have left; it is not empty.
  Moment leaves(const Shape& shape) const { return shape.leaves(slot(size_ - 1u)); }

  /// Calls `use(slot, count)` for each, the oldest first.
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < size_; ++i) use(slot(i), count(i));
  }

 private:
  void drop(const Shape& shape, Moment now, Budget& budget);

  // A window has fewer than 256 slots: with the newest known, the last byte of a slot's number tells it.
  static constexpr int kSlotBits = 8;
  static constexpr std::uint64_t kSlotMask = (1 << kSlotBits) - 1;
  static constexpr std::int64_t kMostCount = std::int64_t{1} << 54;  // stays there, whatever is added

  const std::uint64_t* pairs() const { return room_ == 1 ? &pairs_.one : pairs_.many; }
  std::uint64_t* pairs() { return room_ == 1 ? &pairs_.one : pairs_.many; }
  std::int64_t count(std::size_t i) const { return static_cast<std::int64_t>(pairs()[i] >> kSlotBits); }
  std::int64_t slot(std::size_t i) const {
    return reference_ - static_cast<std::int64_t>((static_cast<std::uint64_t>(reference_) - pairs()[i]) & kSlotMask);
  }
  static std::uint64_t pair(std::int64_t slot, std::int64_t count) {
    return static_cast<std::uint64_t>(count) << kSlotBits | (static_cast<std::uint64_t>(slot) & kSlotMask);
  }
  std::int64_t take_at(std::size_t i, std::int64_t n);
  void erase(std::size_t from, std::size_t many);
  bool grow(Budget& budget);
  void merge_oldest();

  std::int64_t reference_ = 0;  // the newest slot that there was
  std::int64_t sum_ = 0;
  union {
    std::uint64_t one;    // room_ is 1
    std::uint64_t* many;  // room_ is more
  } pairs_{0};
  std::uint8_t size_ = 0;
  std::uint8_t room_ = 1;
  bool moved_ = false;  // something is in a newer slot than it fell into
};

}  // namespace postern::limits
