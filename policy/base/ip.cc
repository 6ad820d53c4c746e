#include "policy/base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace postern {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291 2.5.5.2

bool same_bits(const IpAddress& a, const IpAddress& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(a.bytes().begin(), a.bytes().begin() + static_cast<std::ptrdiff_t>(whole), b.bytes().begin()))
    return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return (a.bytes()[whole] & mask) == (b.bytes()[whole] & mask);
}

struct Special {
  const char* network;
  AddressClass kind;
};

// clang-format off
// IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its successors), most specific first.
constexpr Special kSpecial[] = {
    {"127.0.0.0/8", AddressClass::loopback}, {"::1", AddressClass::loopback},
    {"10.0.0.0/8", AddressClass::private_}, {"172.16.0.0/12", AddressClass::private_}, {"192.168.0.0/16", AddressClass::private_},  // RFC 1918
    {"100.64.0.0/10", AddressClass::private_},   // RFC 6598
    {"fc00::/7", AddressClass::private_},        // RFC 4193
    {"0.0.0.0/8", AddressClass::bogon},          // RFC 791 3.2
    {"169.254.0.0/16", AddressClass::bogon},     // RFC 3927
    {"192.0.0.0/24", AddressClass::bogon},       // RFC 6890
    {"192.0.2.0/24", AddressClass::bogon}, {"198.51.100.0/24", AddressClass::bogon}, {"203.0.113.0/24", AddressClass::bogon},  // RFC 5737
    {"192.88.99.0/24", AddressClass::bogon},     // RFC 7526
    {"198.18.0.0/15", AddressClass::bogon},      // RFC 2544
    {"224.0.0.0/4", AddressClass::bogon},        // RFC 5771
    {"240.0.0.0/4", AddressClass::bogon},        // RFC 1112 4, and 255.255.255.255
    {"::/96", AddressClass::bogon},              // unspecified, and IPv4-compatible (RFC 4291 2.5.5.1, deprecated)
    {"64:ff9b::/96", AddressClass::bogon}, {"64:ff9b:1::/48", AddressClass::bogon},  // RFC 6052, RFC 8215: NAT64 leads to IPv4
    {"100::/64", AddressClass::bogon},           // RFC 6666
    {"2001::/23", AddressClass::bogon},          // RFC 2928, Teredo and ORCHID among them
    {"2001:db8::/32", AddressClass::bogon}, {"3fff::/20", AddressClass::bogon},  // RFC 3849, RFC 9637
    {"2002::/16", AddressClass::bogon},          // RFC 3056, 6to4 leads to IPv4 (RFC 7526)
    {"fe80::/10", AddressClass::bogon}, {"fec0::/10", AddressClass::bogon},  // RFC 4291 2.5.6, 2.5.7
    {"ff00::/8", AddressClass::bogon},           // RFC 4291 2.7
    {"3ffe::/16", AddressClass::bogon},          // RFC 3701
    {"2000::/3", AddressClass::global},          // RFC 4291 2.4: all that is given out; IPv4-translated and SRv6 are outside
    {"::/0", AddressClass::bogon},
};
// clang-format on

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress a;
  std::copy(bytes.begin(), bytes.end(), a.bytes_.begin());
  return a;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> bytes) {
  IpAddress a;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    std::copy(bytes.begin() + 12, bytes.end(), a.bytes_.begin());
    return a;
  }
  a.v4_ = false;
  a.bytes_ = bytes;
  return a;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  std::array<std::uint8_t, 4> four{};
  if (inet_pton(AF_INET, buffer, four.data()) == 1) return v4(four);
  std::array<std::uint8_t, 16> sixteen{};
  if (inet_pton(AF_INET6, buffer, sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

std::string IpAddress::reverse_name() const {
  if (v4_) return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes_[3], bytes_[2], bytes_[1], bytes_[0]);
  std::string name;
  for (int i = 15; i >= 0; --i)
    name +=
        fmt::format("{:x}.{:x}.", bytes_[static_cast<std::size_t>(i)] & 15, bytes_[static_cast<std::size_t>(i)] >> 4);
  return name + "ip6.arpa";
}

Network::Network(const IpAddress& address, int prefix) : address_(address), prefix_(prefix) {}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  int prefix = address->bits();
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.size() > 3) return std::nullopt;
    const bool mapped = address->is_v4() && text.substr(0, slash).find(':') != std::string_view::npos;
    if (mapped) prefix -= 96;
  }
  if (prefix < 0 || prefix > address->bits()) return std::nullopt;
  for (int bit = prefix; bit < address->bits(); ++bit) {
    if (address->bytes()[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) return std::nullopt;
  }
  return Network(*address, prefix);
}

bool Network::contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() && same_bits(address, address_, prefix_);
}

std::string Network::text() const { return fmt::format("{}/{}", address_.text(), prefix_); }

Network network_of(const IpAddress& client) {
  auto bytes = client.bytes();
  const int prefix = client.is_v4() ? 24 : 64;
  std::fill(bytes.begin() + prefix / 8, bytes.end(), std::uint8_t{0});
  return Network(client.is_v4() ? IpAddress::v4({bytes[0], bytes[1], bytes[2], 0}) : IpAddress::v6(bytes), prefix);
}

AddressClass classify(const IpAddress& address) {
  static const auto table = [] {
    std::array<std::pair<Network, AddressClass>, std::size(kSpecial)> parsed = [&]<std::size_t... I>(
        std::index_sequence<I...>) {
      return std::array<std::pair<Network, AddressClass>, std::size(kSpecial)>{
          {{*Network::parse(kSpecial[I].network), kSpecial[I].kind}...}};
    }
    (std::make_index_sequence<std::size(kSpecial)>());
    return parsed;
  }();
  for (const auto& [network, kind] : table) {
    if (network.contains(address)) return kind;
  }
  return AddressClass::global;
}

std::string_view name(AddressClass c) {
  switch (c) {
    case AddressClass::global: return "global";
    case AddressClass::loopback: return "loopback";
    case AddressClass::private_: return "private";
    case AddressClass::bogon: return "bogon";
  }
  return "";
}

}  // namespace postern
