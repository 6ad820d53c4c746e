#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 (::ffff:a.b.c.d) is IPv4 from the moment it is parsed.
class IpAddress {
 public:
  /// Dotted quad or RFC 4291 text, without brackets, zone or prefix; nothing else.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);

  bool is_v4() const { return v4_; }
  /// Network order; the first 4 bytes for IPv4, 16 for IPv6.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  int bits() const { return v4_ ? 32 : 128; }
  std::string text() const;
  /// The name of its PTR record: `1.2.0.192.in-addr.arpa` (RFC 1035 3.5), nibbles under ip6.arpa (RFC 3596 2.5).
  std::string reverse_name() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

/// A range of addresses, as CIDR writes it.
class Network {
 public:
  /// `192.0.2.0/24`, `2001:db8::/32`, or one address. Bits below the prefix must be 0. Mapped IPv4 is IPv4.
  static std::optional<Network> parse(std::string_view text);
  Network(const IpAddress& address, int prefix);

  bool contains(const IpAddress& address) const;
  std::string text() const;

 private:
  IpAddress address_;
  int prefix_;
};

/// The network of a client, as what is counted for clients has it: /24 of IPv4, /64 of IPv6 (FAULTS T56).
Network network_of(const IpAddress& client);

/// What kind of host an address can belong to (IANA special-purpose registries, RFC 6890; FIELD: rspamd's classes).
enum class AddressClass {
  global,    ///< reachable from everywhere
  loopback,  ///< 127/8, ::1: often a host's own name in its hosts file
  private_,  ///< RFC 1918, RFC 6598 (100.64/10), fc00::/7
  bogon,     ///< no host can have it: 0/8, link-local, documentation, benchmarking, multicast, reserved …
};
AddressClass classify(const IpAddress& address);
std::string_view name(AddressClass c);

}  // namespace postern
