#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/store/sqlite.h"
#include "policy/store/store.h"

namespace postern::store {

/// One connection that reads entries. Times are those of the file. Not thread-safe.
class Reader {
 public:
  /// Opens the file at the first use, and anew after trouble.
  explicit Reader(std::string path) : path_(std::move(path)) {}

  /// `ok` with the entry, expired or not, or `end`.
  sqlite::Status get(Space space, std::string_view key, Entry& entry);
  /// Those that expire after `now`.
  sqlite::Status list(Space space, std::string_view prefix, std::size_t most, WallTime now,
                      std::vector<Store::Listed>& listed);
  /// What the last status is about, where it is corrupt or trouble.
  const std::string& problem() const { return problem_; }

 private:
  sqlite::Status ready();
  sqlite::Status ended(sqlite::Status status, std::string_view doing);

  const std::string path_;
  std::string problem_;
  sqlite::Connection connection_;
  sqlite::Statement get_, list_;
};

}  // namespace postern::store
