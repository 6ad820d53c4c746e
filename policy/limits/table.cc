#include "policy/limits/table.h"

#include <utility>

namespace postern::limits {

namespace {

/// An account takes some cache lines, all of which are needed soon: they come at once.
void prefetch(const Account* account) {
  constexpr int kLine = 64;
  for (int line = 1; line <= 3; ++line) __builtin_prefetch(reinterpret_cast<const char*>(account) + line * kLine, 1);
}

}  // namespace

Table::~Table() {
  if (room_ > 0) budget_.give_back(room_ * sizeof(Place));
}

Account* Table::find(const Name& name) const {
  if (size_ == 0) return nullptr;
  for (std::size_t at = name.hash() & mask(); places_[at].account != nullptr; at = (at + 1) & mask()) {
    if (places_[at].hash != name.hash()) continue;
    Account* const account = places_[at].account;
    prefetch(account);
    if (account->key() == name.key() && account->limit() == name.limit()) return account;
  }
  return nullptr;
}

void Table::insert(std::uint64_t hash, Account* account) {
  if ((size_ + 1) * 4 > room_ * 3) grow();
  std::size_t at = hash & mask();
  while (places_[at].account != nullptr) at = (at + 1) & mask();
  places_[at] = {hash, account};
  ++size_;
}

void Table::erase(std::uint64_t hash, const Account* account) {
  std::size_t hole = place_of(hash, account);
  for (std::size_t at = (hole + 1) & mask(); places_[at].account != nullptr; at = (at + 1) & mask()) {
    const std::size_t home = places_[at].hash & mask();
    if (((at - home) & mask()) < ((at - hole) & mask())) continue;  // it would stand before its home
    places_[hole] = places_[at];
    hole = at;
  }
  places_[hole] = {};
  --size_;
}

void Table::replace(std::uint64_t hash, const Account* old, Account* account) {
  places_[place_of(hash, old)].account = account;
}

std::size_t Table::place_of(std::uint64_t hash, const Account* account) const {
  std::size_t at = hash & mask();
  while (places_[at].account != account) at = (at + 1) & mask();
  return at;
}

void Table::grow() {
  const std::size_t before = room_;
  room_ = before == 0 ? 8 : before * 2;
  budget_.take(room_ * sizeof(Place));
  const auto old = std::exchange(places_, std::make_unique<Place[]>(room_));
  for (std::size_t i = 0; i < before; ++i) {
    if (old[i].account == nullptr) continue;
    std::size_t at = old[i].hash & mask();
    while (places_[at].account != nullptr) at = (at + 1) & mask();
    places_[at] = old[i];
  }
  if (before > 0) budget_.give_back(before * sizeof(Place));
}

}  // namespace postern::limits
