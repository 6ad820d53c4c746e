#include "milter/client_facts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

#include "policy/base/text.h"

namespace postern {

namespace {

struct Endpoint {
  std::optional<IpAddress> ip;
  std::uint16_t port = 0;
};

Endpoint endpoint(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(in.sin_port)};
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(in.sin6_port)};
  }
  return {};
}

// `[192.0.2.1]` and `unknown` are how MTAs say that they know no name (PLATFORM 3).
bool is_name(std::string_view host) { return !host.empty() && host.front() != '[' && !ascii_iequals(host, "unknown"); }

}  // namespace

Client client_facts(std::string_view host, const sockaddr* address, const ConnectMacros& macros) {
  Client client;
  const Endpoint from = endpoint(address);
  const bool no_port = from.port == 0 && (macros.daemon_port.empty() || macros.daemon_port == "0");
  const bool no_network = !from.ip || (no_port && classify(*from.ip) == AddressClass::loopback);
  client.local = no_network && ascii_iequals(host, "localhost");
  if (is_name(host)) client.name = ascii_lower(host);
  if (!client.local) client.ip = from.ip;
  client.port = from.port;
  client.listener = macros.daemon_name;
  if (is_name(macros.client_ptr)) client.ptr = ascii_lower(macros.client_ptr);
  return client;
}

Sender sender_facts(const char* const* arguments) {
  Sender sender;
  sender.path = Path::parse(arguments[0] == nullptr ? "" : arguments[0]);
  for (std::size_t i = 1; arguments[0] != nullptr && arguments[i] != nullptr; ++i) {
    const std::string_view argument = arguments[i];
    if (ascii_iequals(argument, "SMTPUTF8")) sender.smtputf8 = true;  // RFC 6531 3.4
    if (argument.size() <= 5 || !ascii_iequals(argument.substr(0, 5), "SIZE=")) continue;
    std::uint64_t size = 0;
    const char* const end = argument.data() + argument.size();
    const auto [stop, problem] = std::from_chars(argument.data() + 5, end, size);
    if (problem == std::errc() && stop == end) sender.declared_size = size;  // RFC 1870 4
  }
  return sender;
}

}  // namespace postern
