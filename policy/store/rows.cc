#include "policy/store/rows.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "policy/store/row.h"

namespace postern::store {

namespace {

using sqlite::Status;

constexpr std::size_t kSlice = 1000;         // local: some milliseconds
constexpr std::size_t kMostEvicted = 20000;  // local: more than is written meanwhile
constexpr std::size_t kRowBytes = 48;        // local: what a row takes beside its key and value, its index included
constexpr std::size_t kRoomAtOnce = 100;     // local: a hundredth more goes than must, so that it need not each time

constexpr const char* kPut =
    "INSERT INTO entry (space, key, value, expires, mark) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (space, key) DO "
    "UPDATE SET value = excluded.value, expires = excluded.expires, mark = excluded.mark";
constexpr const char* kErase = "DELETE FROM entry WHERE space = ?1 AND key = ?2";
constexpr const char* kSize = "SELECT length(value) FROM entry WHERE space = ?1 AND key = ?2";
constexpr const char* kTouch = "UPDATE synced SET n = n + 1";
constexpr const char* kFirst = "SELECT key FROM entry WHERE space = ?1 AND expires <= ?2 ORDER BY expires LIMIT ?3";
constexpr const char* kSliceAfter =
    "SELECT space, key, value, expires, mark FROM entry WHERE (space, key) > (?1, ?2) ORDER BY space, key LIMIT ?3";

std::size_t bytes_of(std::string_view key, std::size_t value_bytes) { return kRowBytes + key.size() + value_bytes; }

std::int64_t number(Space space) { return static_cast<std::int64_t>(space); }

}  // namespace

Status Rows::attach(sqlite::Connection& connection) {
  Status status = Status::ok;
  const auto prepare = [&](const char* sql, sqlite::Statement& statement) {
    if (status == Status::ok) status = connection.prepare(sql, statement);
  };
  prepare(kPut, put_);
  prepare(kErase, erase_);
  prepare(kSize, size_);
  prepare(kTouch, touch_);
  prepare(kFirst, first_);
  prepare(kSliceAfter, slice_);
  survey_anew();
  return status;
}

void Rows::detach() {
  for (sqlite::Statement* statement : {&put_, &erase_, &size_, &touch_, &first_, &slice_}) *statement = {};
  survey_anew();
}

Status Rows::put(Space space, std::string_view key, const Entry& entry) {
  if (const Status status = subtract(space, key); status != Status::ok) return status;
  const std::int64_t expires = row::time_to_file(entry.expires);
  const Status status = put_.run(number(space), key, entry.value, expires, row::mark(space, key, entry.value, expires));
  if (status == Status::ok && counted(space, key)) {
    ++of(space).entries;
    of(space).bytes += bytes_of(key, entry.value.size());
  }
  return status;
}

Status Rows::erase(Space space, std::string_view key) {
  const Status status = subtract(space, key);
  return status == Status::ok ? erase_.run(number(space), key) : status;
}

bool Rows::counted(Space space, std::string_view key) const {
  return surveyed_ || std::pair(number(space), key) <= std::pair(at_space_, std::string_view(at_key_));
}

Status Rows::subtract(Space space, std::string_view key) {
  if (!counted(space, key)) return Status::ok;
  size_.start(number(space), key);
  const Status status = size_.step();
  if (status == Status::ok) {
    Count& count = of(space);
    count.bytes -= std::min(count.bytes, bytes_of(key, static_cast<std::size_t>(size_.integer(0))));
    count.entries -= std::min<std::size_t>(count.entries, 1);
  }
  size_.done();
  return status == Status::end ? Status::ok : status;
}

void Rows::survey_anew() {
  surveyed_ = false;
  counts_ = {};
  at_space_ = 0;
  at_key_.clear();
}

Status Rows::survey(WallTime now) {
  const std::int64_t latest = row::time_to_file(now + kLongest);
  std::vector<std::pair<Space, Store::Listed>> too_far;
  const std::string after = at_key_;
  slice_.start(at_space_, std::string_view(after), std::int64_t{kSlice});
  Status status = Status::ok;
  std::size_t seen = 0;
  while ((status = slice_.step()) == Status::ok) {
    const std::int64_t space = slice_.integer(0);
    const std::string_view key = slice_.bytes(1);
    const std::string_view value = slice_.bytes(2);
    const bool sound = space > 0 && space < static_cast<std::int64_t>(kSpaces) &&
                       row::mark(static_cast<Space>(space), key, value, slice_.integer(3)) == slice_.integer(4) &&
                       std::pair(space, key) > std::pair(at_space_, std::string_view(at_key_));
    if (!sound) {
      status = Status::corrupt;
      break;
    }
    Count& count = of(static_cast<Space>(space));
    ++count.entries;
    count.bytes += bytes_of(key, value.size());
    at_space_ = space;
    at_key_ = key;
    if (slice_.integer(3) > latest)
      too_far.push_back({static_cast<Space>(space), {at_key_, {std::string(value), now + kLongest}}});
    ++seen;
  }
  slice_.done();
  if (status != Status::end) return status;
  for (const auto& [space, listed] : too_far) {
    if (status = put(space, listed.key, listed.entry); status != Status::ok) return status;
  }
  surveyed_ = seen < kSlice;
  return Status::ok;
}

Status Rows::make_room(WallTime now, std::size_t& evicted, bool& more) {
  const std::int64_t until = row::time_to_file(now);
  evicted = 0;
  more = false;
  for (std::size_t i = 1; i < kSpaces; ++i) {
    std::size_t deleted = 0;
    const Status status = delete_first(static_cast<Space>(i), until, kSlice, deleted);
    if (status != Status::ok) return status;
    more = more || deleted == kSlice;
  }
  Space space{};
  const std::size_t many = excess(space);
  if (many == 0) return Status::ok;
  more = true;
  return delete_first(space, std::numeric_limits<std::int64_t>::max(), std::min(many, kMostEvicted), evicted);
}

Status Rows::delete_first(Space space, std::int64_t until, std::size_t most, std::size_t& deleted) {
  std::vector<std::string> keys;
  first_.start(number(space), until, static_cast<std::int64_t>(most));
  Status status = Status::ok;
  while ((status = first_.step()) == Status::ok) keys.emplace_back(first_.bytes(0));
  first_.done();
  if (status != Status::end) return status;
  for (const std::string& key : keys) {
    if (status = erase(space, key); status != Status::ok) return status;
    if (erase_.changed() == 0) return Status::corrupt;  // the index has what the table has not
  }
  deleted = keys.size();
  return Status::ok;
}

std::size_t Rows::excess(Space& space) const {
  if (!surveyed_) return 0;
  for (std::size_t i = 1; i < kSpaces; ++i) {
    if (counts_[i].entries <= limits_.entries) continue;
    space = static_cast<Space>(i);
    return counts_[i].entries - limits_.entries + limits_.entries / kRoomAtOnce;
  }
  const auto by_bytes = [](const Count& a, const Count& b) { return a.bytes < b.bytes; };
  const auto largest = std::max_element(counts_.begin(), counts_.end(), by_bytes);
  const std::size_t bytes = std::accumulate(counts_.begin(), counts_.end(), std::size_t{0},
                                            [](std::size_t sum, const Count& c) { return sum + c.bytes; });
  if (bytes <= limits_.bytes || largest->entries == 0) return 0;
  space = static_cast<Space>(largest - counts_.begin());
  const std::size_t over = bytes - limits_.bytes + limits_.bytes / kRoomAtOnce;
  return std::clamp<std::size_t>(over / (largest->bytes / largest->entries + 1), 1, largest->entries);
}

bool Rows::full() const {
  Space space{};
  return excess(space) > 0;
}

std::size_t Rows::entries() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0},
                         [](std::size_t sum, const Count& c) { return sum + c.entries; });
}

}  // namespace postern::store
