#pragma once

#include "policy/store/sqlite.h"

namespace postern::store::schema {

inline constexpr std::int64_t kApplication = 0x50737472;  ///< "Pstr", for file(1)
inline constexpr std::int64_t kVersion = 1;               ///< of the tables below

enum class Found {
  ours,
  empty,    ///< a file without tables
  newer,    ///< of a later version of this program
  foreign,  ///< of another program, or no data base
  trouble,  ///< cannot be told now
};

/// What an open file is. Reads its first pages alone.
Found look(sqlite::Connection& connection);
/// Makes an empty file ours: its tables, and how it is written.
sqlite::Status make(sqlite::Connection& connection);
/// How this connection writes.
sqlite::Status prepare_to_write(sqlite::Connection& connection);

}  // namespace postern::store::schema
