#include "policy/store/read_only_store.h"

#include "policy/store/counting.h"

namespace postern::store {

using sqlite::Status;

ReadOnlyStore::ReadOnlyStore(const std::string& path, const Clock& clock, Counters& counters)
    : clock_(clock), refused_(counters.get("store.refused")), reader_(path) {}

std::string ReadOnlyStore::problem() {
  list(Space::callout_address, "", 1);
  return health().problem;
}

std::optional<Entry> ReadOnlyStore::get(Space space, std::string_view key) {
  const std::lock_guard lock(mutex_);
  Entry entry;
  const Status status = reader_.get(space, key, entry);
  note(status);
  return status == Status::ok && entry.expires > clock_.wall() ? std::optional(std::move(entry)) : std::nullopt;
}

Ticket ReadOnlyStore::put(Space, std::string_view, std::string_view, WallTime) {
  refused_.add();
  return kRefused;
}

Ticket ReadOnlyStore::erase(Space, std::string_view) {
  refused_.add();
  return kRefused;
}

std::int64_t ReadOnlyStore::add(Space space, std::string_view key, std::int64_t n, WallTime) {
  refused_.add();
  const std::optional<Entry> before = get(space, key);
  return sum_of(before ? before->value : "", n);
}

std::vector<Store::Listed> ReadOnlyStore::list(Space space, std::string_view prefix, std::size_t most) {
  const std::lock_guard lock(mutex_);
  std::vector<Listed> listed;
  note(reader_.list(space, prefix, most, clock_.wall(), listed));
  return listed;
}

Health ReadOnlyStore::health() const {
  const std::lock_guard lock(mutex_);
  Health health;
  health.durable = false;
  health.problem = problem_;
  return health;
}

void ReadOnlyStore::note(Status status) {
  const bool bad = status == Status::corrupt || status == Status::trouble;
  problem_ = bad ? reader_.problem() : "";
}

}  // namespace postern::store
