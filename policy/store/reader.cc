#include "policy/store/reader.h"

#include <fmt/format.h>

#include "policy/store/row.h"
#include "policy/store/schema.h"

namespace postern::store {

namespace {

using sqlite::Status;

constexpr const char* kGet = "SELECT value, expires, mark FROM entry WHERE space = ?1 AND key = ?2";
constexpr const char* kList =
    "SELECT key, value, expires, mark FROM entry WHERE space = ?1 AND key >= ?2 AND expires > ?3 ORDER BY space, key";

std::int64_t number(Space space) { return static_cast<std::int64_t>(space); }

}  // namespace

Status Reader::get(Space space, std::string_view key, Entry& entry) {
  Status status = ready();
  if (status != Status::ok) return ended(status, "open");
  get_.start(number(space), key);
  status = get_.step();
  if (status == Status::ok) {
    const std::string_view value = get_.bytes(0);
    const std::int64_t expires = get_.integer(1);
    if (row::mark(space, key, value, expires) != get_.integer(2)) status = Status::corrupt;
    entry = {std::string(value), row::time_from_file(expires)};
  }
  return ended(status, "read");
}

Status Reader::list(Space space, std::string_view prefix, std::size_t most, WallTime now,
                    std::vector<Store::Listed>& listed) {
  Status status = ready();
  if (status != Status::ok) return ended(status, "open");
  list_.start(number(space), prefix, row::time_to_file(now));
  while (listed.size() < most && (status = list_.step()) == Status::ok) {
    const std::string_view key = list_.bytes(0);
    if (!key.starts_with(prefix)) break;
    const std::string_view value = list_.bytes(1);
    const std::int64_t expires = list_.integer(2);
    if (row::mark(space, key, value, expires) != list_.integer(3)) {
      status = Status::corrupt;
      break;
    }
    listed.push_back({std::string(key), {std::string(value), row::time_from_file(expires)}});
  }
  return ended(status == Status::end ? Status::ok : status, "list");
}

Status Reader::ready() {
  if (connection_.is_open()) return Status::ok;
  Status status = connection_.open(path_, sqlite::Mode::read);
  if (status != Status::ok) return status;
  switch (schema::look(connection_)) {
    case schema::Found::ours: break;
    case schema::Found::foreign: return Status::corrupt;
    case schema::Found::empty:  // the writer will make it, or has seen that it is newer
    case schema::Found::newer:
    case schema::Found::trouble: return Status::trouble;
  }
  status = connection_.prepare(kGet, get_);
  return status == Status::ok ? connection_.prepare(kList, list_) : status;
}

Status Reader::ended(Status status, std::string_view doing) {
  if (status == Status::corrupt || status == Status::trouble) {
    problem_ = fmt::format("cannot {} {}: {}", doing, path_, connection_.problem());
    get_ = {};
    list_ = {};
    connection_.close();
  } else {
    get_.done();
    list_.done();
  }
  return status;
}

}  // namespace postern::store
