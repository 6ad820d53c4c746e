#include "policy/store/front.h"

#include <limits>
#include <utility>

#include "policy/store/counting.h"

namespace postern::store {

namespace {

constexpr std::size_t kPendingBytes = 200;  // local: a node of a map, two strings, and malloc's own

std::size_t bytes_of(std::string_view key, const Front::State& state) {
  return kPendingBytes + key.size() + (state ? state->value.size() : 0);
}

Front::State unless_expired(const Front::State& state, WallTime now) {
  return state && state->expires > now ? state : std::nullopt;
}

}  // namespace

Front::Front(const Limits& limits, Counters& counters)
    : most_unwritten_(limits.unwritten), queue_full_(counters.get("store.queue_full")), shards_(limits.recent) {}

Front::Known Front::Shard::find(Space space, std::string_view key, WallTime now) {
  const PendingKeys& keys = of(space);
  const auto waiting = keys.find(key);
  if (waiting != keys.end()) return {true, unless_expired(waiting->second.state, now), writes};
  if (const Entry* found = recent.find(space, key, now)) return {true, *found, writes};
  return {false, {}, writes};
}

Front::Known Front::get(Space space, std::string_view key, WallTime now) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  return shard.find(space, key, now);
}

void Front::remember(Space space, std::string_view key, const Entry& entry, std::uint64_t writes, WallTime now) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  if (shard.writes == writes) shard.recent.put(space, key, entry, now);
}

Ticket Front::put(Space space, std::string_view key, Entry entry, WallTime now) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  return change(shard, space, key, std::move(entry), now);
}

Ticket Front::erase(Space space, std::string_view key, WallTime now) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  return change(shard, space, key, std::nullopt, now);
}

std::int64_t Front::add(Space space, std::string_view key, std::int64_t n, WallTime expires, WallTime now,
                        const std::function<State()>& ask_file) {
  Shard& shard = shards_.of(space, key);
  const std::lock_guard lock(shard.mutex);
  const Known known = shard.find(space, key, now);
  State before = known.known ? known.state : unless_expired(ask_file(), now);
  const std::int64_t sum = sum_of(before ? before->value : "", n);
  change(shard, space, key, Entry{std::to_string(sum), before ? before->expires : expires}, now);
  return sum;
}

Ticket Front::change(Shard& shard, Space space, std::string_view key, State state, WallTime now) {
  const Ticket ticket = ++last_;  // under the lock: whoever has read last_ and then locks sees the write
  ++shard.writes;
  shard.recent.erase(space, key);
  if (!enqueue(shard, space, key, state, ticket)) {
    queue_full_.add();
    lose(ticket);
    if (state) shard.recent.put(space, key, std::move(*state), now);
  }
  return ticket;
}

bool Front::enqueue(Shard& shard, Space space, std::string_view key, State state, Ticket ticket) {
  PendingKeys& keys = shard.of(space);
  if (const auto waiting = keys.find(key); waiting != keys.end()) dequeue(keys, waiting);
  const std::size_t bytes = bytes_of(key, state);
  if (waiting_ >= most_unwritten_.entries || waiting_bytes_ + bytes > most_unwritten_.bytes) return false;
  keys.emplace(std::string(key), Pending{std::move(state), ticket});
  ++waiting_;
  waiting_bytes_ += bytes;
  return true;
}

void Front::dequeue(PendingKeys& keys, PendingKeys::iterator at) {
  --waiting_;
  waiting_bytes_ -= bytes_of(at->first, at->second.state);
  keys.erase(at);
}

Front::Overlay Front::list(Space space, std::string_view prefix, std::size_t most, WallTime now) {
  Overlay overlay;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    const PendingKeys& keys = shard->of(space);
    for (auto at = keys.lower_bound(prefix); at != keys.end() && at->first.starts_with(prefix); ++at)
      overlay.unwritten.emplace(at->first, unless_expired(at->second.state, now));
    overlay.recent = merged(std::move(overlay.recent), shard->recent.list(space, prefix, most, now), most);
  }
  return overlay;
}

std::vector<Front::Unwritten> Front::unwritten(Ticket& up_to) const {
  up_to = last_;
  std::vector<Unwritten> all;
  all.reserve(waiting_);
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    for (std::size_t i = 0; i < kSpaces; ++i) {
      for (const auto& [key, pending] : shard->pending[i])
        all.push_back({static_cast<Space>(i), key, pending.state, pending.ticket});
    }
  }
  return all;
}

void Front::written(const Unwritten* begin, const Unwritten* end, WallTime now) {
  for (const Unwritten* one = begin; one != end; ++one) {
    Shard& shard = shards_.of(one->space, one->key);
    const std::lock_guard lock(shard.mutex);
    PendingKeys& keys = shard.of(one->space);
    const auto waiting = keys.find(one->key);
    if (waiting == keys.end() || waiting->second.ticket != one->ticket) continue;  // there is a newer one
    dequeue(keys, waiting);
    if (one->state) shard.recent.put(one->space, one->key, *one->state, now);
  }
}

void Front::write_again() {
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    shard->recent.each([&](Space space, const std::string& key, const Entry& entry) {
      const PendingKeys& keys = shard->of(space);
      if (keys.find(key) == keys.end()) enqueue(*shard, space, key, entry, last_);
    });
  }
}

void Front::lose(Ticket ticket) {
  lost_.with([&](Lost& lost) {
    if (lost.first == 0) lost.first = ticket;
    lost.last = std::max(lost.last, ticket);
    lost.until = std::numeric_limits<Ticket>::max();
  });
}

void Front::settled(Ticket up_to) {
  lost_.with([&](Lost& lost) {
    if (lost.until > up_to && lost.last <= up_to) lost.until = up_to;
  });
}

bool Front::has_lost(Ticket up_to) const {
  return lost_.with([&](const Lost& lost) { return lost.first != 0 && up_to >= lost.first && up_to <= lost.until; });
}

}  // namespace postern::store
