#include "policy/store/make_store.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "policy/store/memory_store.h"
#include "policy/store/read_only_store.h"
#include "policy/store/redis_store.h"
#include "policy/store/sqlite_store.h"

namespace postern::store {

namespace {

Result<std::unique_ptr<Store>> make_redis(const Options& options, const Clock& clock, Counters& counters,
                                          std::shared_ptr<redis::Connection> connection) {
  if (!connection) {
    auto made = redis::Connection::make(options.redis, counters);
    if (!made) return made.error();
    connection = std::move(made).value();
  }
  const Table::Limits limits{options.most_entries, options.most_memory};
  return std::unique_ptr<Store>(std::make_unique<RedisStore>(std::move(connection), limits, clock, counters));
}

}  // namespace

std::string objection(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return "the store needs a path";
  const fs::path folder = fs::path(path).parent_path();
  std::error_code error;
  if (!folder.empty() && !fs::is_directory(folder, error))
    return fmt::format("the folder of the store does not exist: {}", folder.string());
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    return fmt::format("the store is no regular file: {}", path);
  return {};
}

Result<std::unique_ptr<Store>> make_store(const Options& options, const Clock& clock, Counters& counters,
                                          std::shared_ptr<redis::Connection> shared) {
  const Table::Limits limits{options.most_entries, options.most_bytes};
  switch (options.type) {
    case Options::Type::memory: return std::unique_ptr<Store>(std::make_unique<MemoryStore>(limits, clock, counters));
    case Options::Type::redis: return make_redis(options, clock, counters, std::move(shared));
    case Options::Type::sqlite: break;
  }
  if (std::string why = objection(options.path); !why.empty()) return Error{std::move(why), {}};
  const SqliteStore::Limits all{
      .file = limits,
      .memory = {.unwritten = {options.most_waiting, options.most_memory / 2},
                 .recent = {options.most_entries, options.most_memory / 2}},
  };
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(options.path, all, clock, counters));
}

Result<std::unique_ptr<Store>> open_read_only(const std::string& path, const Clock& clock, Counters& counters) {
  if (std::string why = objection(path); !why.empty()) return Error{std::move(why), {}};
  auto store = std::make_unique<ReadOnlyStore>(path, clock, counters);
  if (std::string why = store->problem(); !why.empty()) return Error{std::move(why), {}};
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace postern::store
