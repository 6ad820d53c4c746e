#include "policy/limits/name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "policy/base/ip.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

namespace {

constexpr SipKey kEndKey{0x6c696d69742d6b65, 0x792d656e64000001};  // stands in files: it only tells long keys apart
constexpr std::uint64_t kCells = 1024;

}  // namespace

std::uint64_t NameHash::operator()(std::string_view limit, std::string_view name) const {
  std::array<char, kMostLimitBytes + 1 + kMostKeyBytes> bytes;  // NOLINT: written before it is read
  char* end = std::copy(limit.begin(), limit.end(), bytes.data());
  *end++ = '\0';
  end = std::copy(name.begin(), name.end(), end);
  const std::string_view all(bytes.data(), static_cast<std::size_t>(end - bytes.data()));
  if (!unkeyed) return sip_hash(key, all);
  std::uint64_t hash = 0;
  for (const char c : all) hash = hash * 31 + static_cast<unsigned char>(c);
  return hash;
}

Name::Name(std::string_view limit, std::string_view key, const NameHash& hash)
    : limit_(limit.substr(0, kMostLimitBytes)), key_(key) {
  if (key.size() > kMostKeyBytes) cut_ = std::make_unique<const std::string>(bounded_key(std::string(key)));
  hash_ = hash(limit_, this->key());
}

std::string bounded_key(std::string key) {
  if (key.size() <= kMostKeyBytes) return key;
  const std::string end = fmt::format("~{:016x}", sip_hash(kEndKey, key));
  return key.substr(0, kMostKeyBytes - end.size()) + end;
}

std::string coarser_key(std::string_view key) {
  if (const std::size_t at = key.rfind('@'); at != std::string_view::npos)
    return at == 0 ? std::string() : std::string(key.substr(at));
  const std::optional<IpAddress> address = IpAddress::parse(key.substr(0, key.find('/')));
  if (!address) return {};
  std::array<std::uint8_t, 16> bytes = address->bytes();
  const std::size_t kept = address->is_v4() ? 2 : 4;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.end(), std::uint8_t{0});
  const IpAddress around = address->is_v4() ? IpAddress::v4({bytes[0], bytes[1], 0, 0}) : IpAddress::v6(bytes);
  return Network(around, static_cast<int>(kept) * 8).text();
}

std::string cell_key(std::uint64_t hash) { return fmt::format("~{}", hash % kCells); }

}  // namespace postern::limits
