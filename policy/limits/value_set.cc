#include "policy/limits/value_set.h"

#include <utility>

namespace postern::limits {

/// Where the hash stands, or would.
ValueSet::Entry& ValueSet::place(std::uint64_t hash) {
  std::size_t at = hash & (room_ - 1);
  while (entries_[at].hash != 0 && entries_[at].hash != hash) at = (at + 1) & (room_ - 1);
  return entries_[at];
}

ValueSet::Entry* ValueSet::find(std::uint64_t hash) {
  if (size_ == 0) return nullptr;
  Entry& entry = place(hash);
  return entry.hash == hash ? &entry : nullptr;
}

ValueSet::Entry* ValueSet::insert(std::uint64_t hash, Budget& budget) {
  if (Entry* found = find(hash)) return found;
  if (is_full() && !grow(budget)) return nullptr;
  Entry& entry = place(hash);
  entry.hash = hash;
  ++size_;
  return &entry;
}

void ValueSet::erase(Entry* entry) {
  const std::size_t mask = room_ - 1;
  auto hole = static_cast<std::size_t>(entry - entries_.get());
  for (std::size_t at = (hole + 1) & mask; entries_[at].hash != 0; at = (at + 1) & mask) {
    const std::size_t home = entries_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;  // it would stand before its home
    entries_[hole] = entries_[at];
    hole = at;
  }
  entries_[hole] = {};
  --size_;
}

void ValueSet::clear(Budget& budget) {
  if (room_ > 0) budget.give_back(room_ * sizeof(Entry));
  entries_.reset();
  room_ = 0;
  size_ = 0;
}

bool ValueSet::grow(Budget& budget) {
  const std::size_t before = room_;
  const std::size_t room = before == 0 ? 4 : before * 2;
  if (!budget.has(room * sizeof(Entry))) return false;
  budget.take(room * sizeof(Entry));
  const auto old = std::exchange(entries_, std::make_unique<Entry[]>(room));
  room_ = room;
  for (std::size_t i = 0; i < before; ++i) {
    if (old[i].hash != 0) place(old[i].hash) = old[i];
  }
  if (before > 0) budget.give_back(before * sizeof(Entry));
  return true;
}

}  // namespace postern::limits
