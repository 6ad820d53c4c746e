#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "policy/base/sip_hash.h"
#include "policy/store/store.h"
#include "policy/store/table.h"

namespace postern::store {

/// Parts of a whole that are locked apart. Which key falls into which nobody outside can tell (FAULTS T57).
template <class Shard>
class Shards {
 public:
  /// As many as leave each enough room that keys which fall unevenly do no harm; `limits` are divided among them.
  explicit Shards(const Table::Limits& limits) {
    const std::size_t count =
        std::clamp<std::size_t>(std::min(limits.entries / kLeastEntries, limits.bytes / kLeastBytes), 1, kMost);
    const Table::Limits each{std::max<std::size_t>(limits.entries / count, 1), limits.bytes / count};
    for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(each));
  }

  Shard& of(Space space, std::string_view key) {
    return *shards_[sip_hash(key_, key, static_cast<std::uint16_t>(space)) % shards_.size()];
  }
  auto begin() const { return shards_.begin(); }
  auto end() const { return shards_.end(); }

 private:
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kLeastEntries = 4096;
  static constexpr std::size_t kLeastBytes = std::size_t{1} << 20;

  const SipKey key_ = SipKey::random();
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace postern::store
