#pragma once

#include <memory>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/result.h"
#include "policy/store/redis/options.h"
#include "policy/store/store.h"

namespace postern::store::redis {
class Connection;
}  // namespace postern::store::redis

namespace postern::store {

struct Options {
  enum class Type { memory, sqlite, redis };
  Type type = Type::memory;
  std::string path{};                               ///< of sqlite: the file, in a folder that exists
  std::size_t most_entries = 1'000'000;             ///< of each space (FAULTS T56)
  std::size_t most_bytes = std::size_t{256} << 20;  ///< of all; with sqlite of the file's content
  std::size_t most_waiting = 100'000;               ///< of sqlite: keys that are not in the file yet
  std::size_t most_memory = std::size_t{64} << 20;  ///< of sqlite: for those, and for what was used lately
  redis::Options redis{};                           ///< of redis; what is in memory beside it has the limits above
};

/// Why the path of a store's file cannot be meant: its folder is missing, or it is no file; empty where it can.
std::string objection(const std::string& path);

/// The store of a process. An Error where the path cannot be meant: its folder is missing, or it is no file. A file that
/// is merely broken, of a later version, or cannot be used now is no error: take_notices() and health() tell. Answers
/// within a second whatever is in the file. The clock and the counters outlive the store.
///
/// Of redis, an Error where its options cannot be meant. `shared` is its connection, for who uses it for more than the
/// store; without, it makes one.
Result<std::unique_ptr<Store>> make_store(const Options& options, const Clock& clock, Counters& counters,
                                          std::shared_ptr<redis::Connection> shared = nullptr);

/// The file of a store that another process may be writing: to look at. Writes are refused (kRefused, store.refused); an
/// add() answers what the sum would be; nothing is moved, whatever is wrong. An Error where it cannot be read.
Result<std::unique_ptr<Store>> open_read_only(const std::string& path, const Clock& clock, Counters& counters);

}  // namespace postern::store
