#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "policy/base/clock.h"

namespace postern {

/// A bounded map that forgets what was used longest ago. Entries carry the moment they expire; an expired one is no
/// longer found by get(), and is dropped then. `Hash` must be keyed where strangers choose the keys. Thread-safe.
template <class Key, class Value, class Hash = std::hash<Key>>
class Cache {
 public:
  explicit Cache(std::size_t capacity) : capacity_(capacity) {}

  std::optional<Value> get(const Key& key, SteadyTime now) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return std::nullopt;
    if (found->second->expires <= now) {
      order_.erase(found->second);
      index_.erase(found);
      return std::nullopt;
    }
    order_.splice(order_.begin(), order_, found->second);
    return found->second->value;
  }

  /// True when another entry had to go for it.
  bool put(const Key& key, Value value, SteadyTime expires) {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found != index_.end()) {
      order_.erase(found->second);
      index_.erase(found);
    }
    order_.push_front({key, std::move(value), expires});
    index_.emplace(key, order_.begin());
    if (index_.size() <= capacity_) return false;
    index_.erase(order_.back().key);
    order_.pop_back();
    return true;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return index_.size();
  }

 private:
  struct Entry {
    Key key;
    Value value;
    SteadyTime expires;
  };

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> order_;
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace postern
