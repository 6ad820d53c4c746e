#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "policy/limits/budget.h"
#include "policy/limits/moment.h"

namespace postern::limits {

/// The values of an account, by a keyed hash: open addressing. Entries stay where they are until the next insert() or
/// erase(). clear() is called before the end. Not thread-safe.
class ValueSet {
 public:
  struct Entry {
    std::uint64_t hash = 0;   ///< 0: there is none
    Moment last = 0;          ///< when it was last committed; 0: never
    std::uint32_t open = 0;   ///< reservations of it …
    std::uint32_t lease = 0;  ///< … which stand in this slot of the account's
  };

  Entry* find(std::uint64_t hash);
  /// The entry, a new one where there was none; nullptr where the budget has no room for it.
  Entry* insert(std::uint64_t hash, Budget& budget);
  void erase(Entry* entry);
  /// Erases those that `should` says; how many.
  template <class Should>
  std::size_t erase_if(Should should) {
    const std::size_t before = size_;
    for (std::size_t i = 0; i < room_;) {
      if (entries_[i].hash != 0 && should(entries_[i]))
        erase(&entries_[i]);  // another one may stand here now
      else
        ++i;
    }
    return before - size_;
  }
  void clear(Budget& budget);

  std::size_t size() const { return size_; }
  /// One more needs more memory.
  bool is_full() const { return (size_ + 1) * 4 > room_ * 3; }
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < room_; ++i) {
      if (entries_[i].hash != 0) use(entries_[i]);
    }
  }
  template <class Use>
  void each(Use use) {
    for (std::size_t i = 0; i < room_; ++i) {
      if (entries_[i].hash != 0) use(entries_[i]);
    }
  }

 private:
  bool grow(Budget& budget);
  Entry& place(std::uint64_t hash);

  std::unique_ptr<Entry[]> entries_;
  std::size_t room_ = 0;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace postern::limits
