#include "policy/store/table.h"

#include <algorithm>
#include <iterator>

namespace postern::store {

namespace {

constexpr std::size_t kRowBytes = 300;  // local: nodes of a list, a map and a set, and what malloc wastes: measured
constexpr int kSweptAtOnce = 2;         // more than one new row brings: the expired cannot pile up

std::size_t bytes_of(std::string_view key, const Entry& entry) { return kRowBytes + key.size() + entry.value.size(); }

}  // namespace

const Entry* Table::find(Space space, std::string_view key, WallTime now) {
  OfSpace& in = of(space);
  const auto found = in.keys.find(key);
  if (found == in.keys.end()) return nullptr;
  const Place row = found->second;
  if (row->entry.expires <= now) {
    drop(in, row);
    return nullptr;
  }
  in.used.splice(in.used.begin(), in.used, row);
  return &row->entry;
}

std::size_t Table::put(Space space, std::string_view key, Entry entry, WallTime now) {
  OfSpace& in = of(space);
  const std::size_t bytes = bytes_of(key, entry);
  const auto at = in.keys.lower_bound(key);
  if (at != in.keys.end() && at->first == key) {
    const Place row = at->second;
    const std::size_t before = bytes_of(key, row->entry);
    if (row->entry.expires != entry.expires) {
      in.expiries.erase({row->entry.expires, &*row});
      in.expiries.emplace(entry.expires, &*row);
    }
    row->entry = std::move(entry);
    in.used.splice(in.used.begin(), in.used, row);
    in.bytes -= before;
    bytes_ -= before;
  } else {
    in.used.push_front({std::string(key), std::move(entry)});
    const Place row = in.used.begin();
    in.keys.emplace_hint(at, row->key, row);
    in.expiries.emplace(row->entry.expires, &*row);
    ++entries_;
  }
  in.bytes += bytes;
  bytes_ += bytes;
  return make_room(in, now);
}

void Table::erase(Space space, std::string_view key) {
  OfSpace& in = of(space);
  const auto found = in.keys.find(key);
  if (found != in.keys.end()) drop(in, found->second);
}

std::vector<Store::Listed> Table::list(Space space, std::string_view prefix, std::size_t most, WallTime now) const {
  std::vector<Store::Listed> listed;
  const OfSpace& in = spaces_[static_cast<std::size_t>(space)];
  for (auto at = in.keys.lower_bound(prefix); at != in.keys.end() && listed.size() < most; ++at) {
    if (!at->first.starts_with(prefix)) break;
    if (at->second->entry.expires > now) listed.push_back({std::string(at->first), at->second->entry});
  }
  return listed;
}

void Table::drop(OfSpace& from, Place row) {
  const std::size_t bytes = bytes_of(row->key, row->entry);
  from.expiries.erase({row->entry.expires, &*row});
  from.keys.erase(row->key);
  from.used.erase(row);
  from.bytes -= bytes;
  bytes_ -= bytes;
  --entries_;
}

std::size_t Table::make_room(OfSpace& in, WallTime now) {
  for (int i = 0; i < kSweptAtOnce && !in.expiries.empty() && in.expiries.begin()->first <= now; ++i)
    drop(in, in.keys.find(in.expiries.begin()->second->key)->second);
  std::size_t evicted = 0;
  while (in.used.size() > limits_.entries) {
    drop(in, std::prev(in.used.end()));
    ++evicted;
  }
  while (bytes_ > limits_.bytes) {  // the space that takes most gives
    OfSpace& largest = *std::max_element(spaces_.begin(), spaces_.end(),
                                         [](const OfSpace& a, const OfSpace& b) { return a.bytes < b.bytes; });
    drop(largest, std::prev(largest.used.end()));
    ++evicted;
  }
  return evicted;
}

}  // namespace postern::store
