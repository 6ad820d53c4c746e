#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/clock.h"
#include "policy/store/sqlite.h"

namespace postern::store::file {

struct Opened {
  sqlite::Status status = sqlite::Status::ok;  ///< ok or trouble
  std::string problem;                         ///< of trouble
  std::string notice;                          ///< a file was moved aside: why and whereto
};

/// Opens the file to write, and makes it where there is none. One that is corrupt, of another program or of a later
/// version is moved aside first. Reads its first pages alone, whatever its size.
Opened open(const std::string& path, WallTime wall, sqlite::Connection& connection);

/// Which file stands under the name; all zero where none does.
struct Identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};
Identity identity(const std::string& path);

/// Renames the file and SQLite's files beside it to PATH.corrupt-UNIXTIME; of older ones a few are kept. Answers the
/// notice; empty, and nothing is renamed, where that fails.
std::string move_aside(const std::string& path, std::string_view why, WallTime wall);

}  // namespace postern::store::file
