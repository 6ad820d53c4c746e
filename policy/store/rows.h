#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "policy/store/sqlite.h"
#include "policy/store/store.h"
#include "policy/store/table.h"

namespace postern::store {

/// The entries of a file, for the one who writes them: what he writes, what goes because it has expired or there is no
/// room, and how much there is. Of an opened file nothing is counted; survey(), called until it has been everywhere,
/// counts, and finds what is broken. Not thread-safe.
class Rows {
 public:
  explicit Rows(const Table::Limits& limits) : limits_(limits) {}

  /// Begins with a file that is open, and outlives this or the next attach().
  sqlite::Status attach(sqlite::Connection& connection);
  void detach();

  sqlite::Status put(Space space, std::string_view key, const Entry& entry);
  sqlite::Status erase(Space space, std::string_view key);
  /// A write of no matter, which makes all before it durable.
  sqlite::Status touch() { return touch_.run(); }

  /// Looks at the next slice of entries. None may expire later than kLongest after `now`: a clock that was ahead has
  /// written it, and it is brought nearer.
  sqlite::Status survey(WallTime now);
  bool surveyed() const { return surveyed_; }
  /// Counts from nothing, and proves all once more.
  void survey_anew();

  /// Deletes a slice of what has expired, then of what there is no room for, those first that expire first; `evicted` are
  /// of the latter. `more` when there may be more of either.
  sqlite::Status make_room(WallTime now, std::size_t& evicted, bool& more);

  std::size_t entries() const;
  /// There is more than there may be.
  bool full() const;

 private:
  struct Count {
    std::size_t entries = 0;
    std::size_t bytes = 0;
  };

  Count& of(Space space) { return counts_[static_cast<std::size_t>(space)]; }
  bool counted(Space space, std::string_view key) const;
  sqlite::Status subtract(Space space, std::string_view key);
  sqlite::Status delete_first(Space space, std::int64_t until, std::size_t most, std::size_t& deleted);
  /// The space that must give, and how many; 0 where there is room.
  std::size_t excess(Space& space) const;

  const Table::Limits limits_;
  sqlite::Statement put_, erase_, size_, touch_, first_, slice_;
  std::array<Count, kSpaces> counts_{};
  bool surveyed_ = false;
  std::int64_t at_space_ = 0;  ///< what stands up to here is counted
  std::string at_key_;
};

}  // namespace postern::store
