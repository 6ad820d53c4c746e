#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "policy/limits/account.h"
#include "policy/limits/name.h"

namespace postern::limits {

/// Accounts by their names' hash: open addressing, linear probing. Owns none of them. Not thread-safe.
class Table {
 public:
  explicit Table(Budget& budget) : budget_(budget) {}
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  Account* find(const Name& name) const;
  /// It is not in yet.
  void insert(std::uint64_t hash, Account* account);
  void erase(std::uint64_t hash, const Account* account);
  /// Another block of memory is the same account now.
  void replace(std::uint64_t hash, const Account* old, Account* account);
  std::size_t size() const { return size_; }

  /// Calls `use(account)` for each of that hash, which may not change the table.
  template <class Use>
  void each_of(std::uint64_t hash, Use use) const {
    if (size_ == 0) return;
    for (std::size_t at = hash & mask(); places_[at].account != nullptr; at = (at + 1) & mask()) {
      if (places_[at].hash == hash) use(*places_[at].account);
    }
  }
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < room_; ++i) {
      if (places_[i].account != nullptr) use(*places_[i].account);
    }
  }

 private:
  struct Place {
    std::uint64_t hash;
    Account* account;
  };
  std::size_t mask() const { return room_ - 1; }
  std::size_t place_of(std::uint64_t hash, const Account* account) const;
  void grow();

  Budget& budget_;
  std::unique_ptr<Place[]> places_;
  std::size_t room_ = 0;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace postern::limits
