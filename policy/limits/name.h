#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "policy/base/sip_hash.h"

namespace postern::limits {

constexpr std::size_t kMostLimitBytes = 255;  // local: names stand in the configuration

/// How names are hashed: with a key that nobody outside knows (FAULTS T57).
struct NameHash {
  SipKey key = SipKey::random();
  bool unkeyed = false;  ///< for tests: a polynomial of the bytes, as many libraries have it

  std::uint64_t operator()(std::string_view limit, std::string_view key) const;
};

/// Under what is counted: a limit and a key, which is no longer than kMostKeyBytes here. `limit` and `key` outlive it.
class Name {
 public:
  Name() = default;
  Name(std::string_view limit, std::string_view key, const NameHash& hash);
  /// One that was made before: its limit, its key and its hash.
  Name(std::string_view limit, std::string_view key, std::uint64_t hash) : limit_(limit), key_(key), hash_(hash) {}
  Name(Name&&) = default;
  Name& operator=(Name&&) = default;

  std::string_view limit() const { return limit_; }
  std::string_view key() const { return cut_ ? std::string_view(*cut_) : key_; }
  std::uint64_t hash() const { return hash_; }

 private:
  std::string_view limit_, key_;
  std::unique_ptr<const std::string> cut_;
  std::uint64_t hash_ = 0;
};

/// The coarser key under which is counted where there is no room for `key`: of an address its domain, of an IP address or
/// network the network around it (/16, /32 of IPv6). Empty where there is none.
std::string coarser_key(std::string_view key);
/// Where there is no room for that either: one of 1024, by the hash of the name.
std::string cell_key(std::uint64_t hash);
/// The last resort: there is room for it, whatever comes.
constexpr std::string_view kRestKey = "~";

}  // namespace postern::limits
