#pragma once

#include <charconv>
#include <map>
#include <string>
#include <utility>

#include "policy/base/guarded.h"
#include "policy/store/store.h"

namespace postern::test {

/// A store that forgets everything with its process, by the clock it is given; without one nothing expires.
class FakeStore final : public store::Store {
 public:
  FakeStore() = default;
  explicit FakeStore(Clock& clock) : clock_(&clock) {}

  std::optional<store::Entry> get(store::Space space, std::string_view key) override {
    return entries_.with([&](auto& entries) { return find(entries, space, key); });
  }
  store::Ticket put(store::Space space, std::string_view key, std::string_view value, WallTime expires) override {
    if (key.size() > store::kMostKeyBytes || value.size() > store::kMostValueBytes) return 0;
    entries_.with([&](auto& entries) { entries[{space, std::string(key)}] = {std::string(value), expires}; });
    return 0;
  }
  store::Ticket erase(store::Space space, std::string_view key) override {
    entries_.with([&](auto& entries) { entries.erase({space, std::string(key)}); });
    return 0;
  }
  std::int64_t add(store::Space space, std::string_view key, std::int64_t n, WallTime expires) override {
    return entries_.with([&](auto& entries) {
      const auto old = find(entries, space, key);
      std::int64_t sum = 0;
      if (old) std::from_chars(old->value.data(), old->value.data() + old->value.size(), sum);
      sum += n;
      entries[{space, std::string(key)}] = {std::to_string(sum), old ? old->expires : expires};
      return sum;
    });
  }
  std::vector<Listed> list(store::Space space, std::string_view prefix, std::size_t most) override {
    return entries_.with([&](auto& entries) {
      std::vector<Listed> found;
      for (const auto& [at, entry] : entries) {
        if (at.first == space && at.second.starts_with(prefix) && !is_over(entry) && found.size() < most)
          found.push_back({at.second, entry});
      }
      return found;
    });
  }
  store::Ticket last() const override { return 0; }
  bool wait(store::Ticket, const Deadline&) override { return true; }
  store::Health health() const override { return {}; }

 private:
  using Entries = std::map<std::pair<store::Space, std::string>, store::Entry>;
  std::optional<store::Entry> find(const Entries& entries, store::Space space, std::string_view key) const {
    const auto found = entries.find({space, std::string(key)});
    if (found == entries.end() || is_over(found->second)) return std::nullopt;
    return found->second;
  }
  bool is_over(const store::Entry& entry) const { return clock_ != nullptr && clock_->wall() >= entry.expires; }

  const Clock* clock_ = nullptr;
  Guarded<Entries> entries_;
};

}  // namespace postern::test
