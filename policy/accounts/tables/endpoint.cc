#include "policy/accounts/tables/endpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "policy/base/text.h"

namespace postern::accounts {

Result<Endpoint> Endpoint::parse(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.path = text.substr(5);
    if (endpoint.path.starts_with('/')) return endpoint;
    return Error{"a Unix socket needs its whole path: unix:/run/server.sock", {}};
  }
  const Error wrong{
      fmt::format("\"{}\" is no server: write inet:127.0.0.1:8891 or unix:/run/server.sock", printable(text)), {}};
  if (!text.starts_with("inet:")) return wrong;
  text.remove_prefix(5);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return wrong;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  endpoint.address = IpAddress::parse(host == "localhost" ? "127.0.0.1" : host);
  if (!endpoint.address)
    return Error{fmt::format("\"{}\" is no IP address: names are not looked up here", printable(host)), {}};
  return endpoint;
}

std::string Endpoint::text() const { return path.empty() ? fmt::format("{} port {}", address->text(), port) : path; }

Connection Endpoint::connect(SteadyTime until, const Interrupt* interrupt) const {
  return path.empty() ? Stream::connect(*address, port, until, interrupt)
                      : Stream::connect_unix(path, until, interrupt);
}

}  // namespace postern::accounts
