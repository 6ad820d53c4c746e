#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <charconv>
#include "policy/base/guarded.h"
#include "policy/store/store.h"

namespace postern::test {

/// A store in memory, at a time that stands still. Nothing expires.
class FakeStore final : public store::Store {
 public:
  std::optional<store::Entry> get(store::Space space, std::string_view key) override {
    const auto found = entries_.find({space, std::string(key)});
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }
  store::Ticket put(store::Space space, std::string_view key, std::string_view value, WallTime expires) override {
    entries_[{space, std::string(key)}] = {std::string(value), expires};
    return ++ticket_;
  }
  store::Ticket erase(store::Space space, std::string_view key) override {
    entries_.erase({space, std::string(key)});
    return ++ticket_;
  }
  std::int64_t add(store::Space space, std::string_view key, std::int64_t n, WallTime expires) override {
    const auto [at, fresh] = entries_.try_emplace({space, std::string(key)}, store::Entry{"0", expires});
    const std::int64_t sum = std::stoll(at->second.value) + n;
    at->second.value = std::to_string(sum);
    return sum;
  }
  std::vector<Listed> list(store::Space space, std::string_view prefix, std::size_t most) override {
    std::vector<Listed> listed;
    for (const auto& [key, entry] : entries_) {
      if (key.first == space && key.second.starts_with(prefix) && listed.size() < most)
        listed.push_back({key.second, entry});
    }
    return listed;
  }
  store::Ticket last() const override { return ticket_; }
  bool wait(store::Ticket, const Deadline&) override { return true; }
  store::Health health() const override {
    return {.durable = true, .problem = {}, .entries = entries_.size(), .waiting = 0};
  }

 private:
  std::map<std::pair<store::Space, std::string>, store::Entry> entries_;
  store::Ticket ticket_ = 0;
/// A store that forgets everything with its process, by the clock it is given.
  explicit FakeStore(Clock& clock) : clock_(clock) {}
    return entries_.with([&](auto& entries) { return find(entries, space, key); });
    if (key.size() > store::kMostKeyBytes || value.size() > store::kMostValueBytes) return 0;
    entries_.with([&](auto& entries) { entries[{space, std::string(key)}] = {std::string(value), expires}; });
    return 0;
    entries_.with([&](auto& entries) { entries.erase({space, std::string(key)}); });
    return entries_.with([&](auto& entries) {
      const auto old = find(entries, space, key);
      std::int64_t sum = 0;
      if (old) std::from_chars(old->value.data(), old->value.data() + old->value.size(), sum);
      sum += n;
      entries[{space, std::string(key)}] = {std::to_string(sum), old ? old->expires : expires};
      return sum;
    });
      std::vector<Listed> found;
      for (const auto& [at, entry] : entries) {
        if (at.first == space && at.second.starts_with(prefix) && clock_.wall() < entry.expires && found.size() < most)
          found.push_back({at.second, entry});
      }
      return found;
  store::Ticket last() const override { return 0; }
  store::Health health() const override { return {}; }
  using Entries = std::map<std::pair<store::Space, std::string>, store::Entry>;
  std::optional<store::Entry> find(const Entries& entries, store::Space space, std::string_view key) const {
    const auto found = entries.find({space, std::string(key)});
    if (found == entries.end() || clock_.wall() >= found->second.expires) return std::nullopt;
    return found->second;
  Clock& clock_;
  Guarded<Entries> entries_;
};

}  // namespace postern::test
