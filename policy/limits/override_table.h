#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/limits/allowance.h"

namespace postern::limits {

/// What a key may, other than all others.
struct Override {
  std::vector<Allowance> allow;
  bool exempt = false;  ///< it may all, and `allow` is empty

  friend bool operator==(const Override&, const Override&) = default;
};

constexpr std::size_t kMostOverrides = 1'000'000;  // local: some 80 MB

/// Overrides by key, filled once and then only read: for a million keys some 50 bytes each.
class OverrideTable {
 public:
  /// Takes `KEY ALLOW[, ALLOW…] [until 2026-12-31]`; an ALLOW `off` or `unlimited`, which stands alone, exempts. KEY is an
  /// address, a domain, `.domain`, a network or a login, without blanks. Nothing when it is fine, else what is wrong.
  std::optional<std::string> add(std::string_view line);
  /// After the last add().
  void finish();

  /// The override of an address: its own, that of the address without its +extension, of its domain, of the nearest
  /// `.domain` that it is in (LANGUAGE 3: it and everything below). Of a domain likewise; of an address of a host or a
  /// network: its own, or of the smallest network around it; of another name: its own. Without case. Of several lines of
  /// one key the first that lives at `unix_time` counts.
  std::optional<Override> find(std::string_view key, std::int64_t unix_time) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint32_t key = 0;      ///< where it begins in `keys_`
    std::uint32_t allow = 0;    ///< which of `allowed_`
    std::uint32_t end_day = 0;  ///< the first day (UTC, since 1970) on which it is out; 0: never
    std::uint16_t key_size = 0;
  };
  std::string_view key_of(const Entry& entry) const {
    return std::string_view(keys_).substr(entry.key, entry.key_size);
  }
  std::optional<std::string> read_allow(std::string_view text, Override& out) const;
  std::optional<Override> exact(std::string_view form, std::int64_t unix_time) const;
  std::optional<Override> find_network(std::string_view key, std::int64_t unix_time) const;
  std::optional<Override> find_within(const std::string& domain, std::int64_t unix_time) const;

  std::string keys_;            ///< one behind the other
  std::vector<Entry> entries_;  ///< by key; of one key in the order of the lines
  std::vector<Override> allowed_;
  std::unordered_map<std::string, std::uint32_t> seen_;  ///< which of `allowed_` a text is; until finish()
  std::array<std::bitset<129>, 2> prefixes_;             ///< lengths of the networks: of IPv6, of IPv4
};

}  // namespace postern::limits
