#include "policy/store/sqlite_store.h"

#include <algorithm>
#include <utility>

#include "policy/store/counting.h"

namespace postern::store {

namespace {

using sqlite::Status;

constexpr std::size_t kReaders = 4;                 // local: a read takes some microseconds
constexpr std::chrono::seconds kReadAgainAfter{1};  // local: a dead disk costs one wait a second

SteadyTime::rep steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

SqliteStore::SqliteStore(const std::string& path, const Limits& limits, const Clock& clock, Counters& counters)
    : times_(clock),
      refused_(counters.get("store.refused")),
      read_failed_(counters.get("store.read_failed")),
      front_(limits.memory, counters),
      readers_(path, kReaders),
      writer_(path, limits.file, front_, readers_, times_, clock, counters) {}

/// False where the file cannot be read.
template <class Use>
bool SqliteStore::read(Use use) {
  if (steady_now() < read_again_) return false;
  const Readers::Read read = readers_.read(use);
  switch (read.status) {
    case Status::ok:
    case Status::end: return true;
    case Status::corrupt: writer_.distrust(read.of_file, read.problem); break;
    case Status::trouble:
      read_problem_.with([&](std::string& problem) { problem = read.problem; });
      read_again_ = steady_now() + SteadyTime::duration(kReadAgainAfter).count();
      break;
  }
  read_failed_.add();
  return false;
}

std::optional<Entry> SqliteStore::ask_file(Space space, std::string_view key) {
  Entry entry;
  Status status = Status::end;
  const bool could = read([&](Reader& reader) { return status = reader.get(space, key, entry); });
  entry.expires = std::min(entry.expires, times_.now() + kLongest);
  return could && status == Status::ok ? std::optional(std::move(entry)) : std::nullopt;
}

std::optional<Entry> SqliteStore::get(Space space, std::string_view key) {
  const WallTime now = times_.now();
  Front::Known known = front_.get(space, key, now);
  if (!known.known) {
    known.state = ask_file(space, key);
    if (known.state && known.state->expires <= now) known.state.reset();
    if (known.state) front_.remember(space, key, *known.state, known.writes, now);
  }
  if (known.state) known.state->expires = times_.told(known.state->expires);
  return std::move(known.state);
}

Ticket SqliteStore::put(Space space, std::string_view key, std::string_view value, WallTime expires) {
  if (!fits(key, value)) {
    refused_.add();
    return kRefused;
  }
  const Ticket ticket = front_.put(space, key, {std::string(value), times_.kept(expires)}, times_.now());
  writer_.stir();
  return ticket;
}

Ticket SqliteStore::erase(Space space, std::string_view key) {
  if (!fits(key, {})) return last();
  const Ticket ticket = front_.erase(space, key, times_.now());
  writer_.stir();
  return ticket;
}

std::int64_t SqliteStore::add(Space space, std::string_view key, std::int64_t n, WallTime expires) {
  if (!fits(key, {})) {
    refused_.add();
    return n;
  }
  const std::int64_t sum =
      front_.add(space, key, n, times_.kept(expires), times_.now(), [&] { return ask_file(space, key); });
  writer_.stir();
  return sum;
}

std::vector<Store::Listed> SqliteStore::list(Space space, std::string_view prefix, std::size_t most) {
  const WallTime now = times_.now();
  Front::Overlay overlay = front_.list(space, prefix, most, now);  // before the file: nothing falls between
  std::vector<Listed> stored;
  const std::size_t enough = most + overlay.unwritten.size();
  read([&](Reader& reader) { return reader.list(space, prefix, enough, now, stored); });
  std::vector<Listed> newest;
  for (auto& [key, state] : overlay.unwritten) {
    if (state) newest.push_back({key, std::move(*state)});
  }
  const auto overridden = [&](const Listed& listed) { return overlay.unwritten.count(listed.key) > 0; };
  stored.erase(std::remove_if(stored.begin(), stored.end(), overridden), stored.end());
  stored = merged(std::move(overlay.recent), std::move(stored), most);
  std::vector<Listed> all = merged(std::move(newest), std::move(stored), most);
  for (Listed& listed : all) listed.entry.expires = times_.told(std::min(listed.entry.expires, now + kLongest));
  return all;
}

Health SqliteStore::health() const {
  Writer::State state = writer_.state();
  Health health;
  health.problem = std::move(state.problem);
  health.durable = health.problem.empty();
  if (health.problem.empty() && steady_now() < read_again_)
    health.problem = read_problem_.with([](const std::string& problem) { return problem; });
  health.notice = std::move(state.notice);
  health.waiting = front_.waiting();
  health.entries = state.entries + (health.durable ? 0 : health.waiting);
  return health;
}

}  // namespace postern::store
