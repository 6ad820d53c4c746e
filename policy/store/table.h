#pragma once

#include <array>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/store/store.h"

namespace postern::store {

/// Entries in memory, within limits: where there is no room, the expired go first, then what was used longest ago. All
/// times are the store's own. Every operation costs O(log n). Not thread-safe.
class Table {
 public:
  struct Limits {
    std::size_t entries;  ///< of each space
    std::size_t bytes;    ///< of all, with what the table itself needs
  };
  explicit Table(const Limits& limits) : limits_(limits) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// The entry, which counts as a use; it stays valid until the next call.
  const Entry* find(Space space, std::string_view key, WallTime now);
  /// How many had to go for it before they expired.
  std::size_t put(Space space, std::string_view key, Entry entry, WallTime now);
  void erase(Space space, std::string_view key);
  /// At most `most` whose keys begin with `prefix`, in the order of their keys.
  std::vector<Store::Listed> list(Space space, std::string_view prefix, std::size_t most, WallTime now) const;
  /// Calls `use(space, key, entry)` for each.
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < spaces_.size(); ++i) {
      for (const Row& row : spaces_[i].used) use(static_cast<Space>(i), row.key, row.entry);
    }
  }
  std::size_t entries() const { return entries_; }

 private:
  struct Row {
    std::string key;
    Entry entry;
  };
  using Place = std::list<Row>::iterator;
  struct OfSpace {
    std::list<Row> used;                                  ///< used last stands first
    std::map<std::string_view, Place, std::less<>> keys;  ///< views of the rows
    std::set<std::pair<WallTime, const Row*>> expiries;
    std::size_t bytes = 0;
  };

  OfSpace& of(Space space) { return spaces_[static_cast<std::size_t>(space)]; }
  void drop(OfSpace& from, Place row);
  std::size_t make_room(OfSpace& preferred, WallTime now);

  const Limits limits_;
  std::array<OfSpace, kSpaces> spaces_;
  std::size_t entries_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace postern::store
