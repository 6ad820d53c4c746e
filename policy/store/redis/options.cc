#include "policy/store/redis/options.h"

#include <fmt/format.h>

#include "policy/base/ip.h"
#include "policy/base/port.h"

namespace postern::store::redis {

namespace {

constexpr std::string_view kUnix = "unix:";

bool is_host(std::string_view host) {
  constexpr std::string_view kOf = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%";
  return !host.empty() && host.size() <= 255 && host.find_first_not_of(kOf) == std::string_view::npos;
}

}  // namespace

Result<Server> parse_server(std::string_view text, const Place& where) {
  Server server;
  if (text.starts_with(kUnix)) {
    server.path = text.substr(kUnix.size());
    if (server.path.starts_with('/') && server.path.size() < 108) return server;  // sun_path
    return Error{fmt::format("\"{}\": the path of a socket begins with / and has at most 107 bytes", text), where};
  }
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Error{fmt::format("\"{}\": missing ]", text), where};
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  const bool is_bare_ipv6 = !text.starts_with('[') && host.find(':') != std::string_view::npos;
  if (!is_host(host) || (is_bare_ipv6 && !IpAddress::parse(host.substr(0, host.find('%')))))
    return Error{fmt::format("\"{}\" is no server: host:port, [address]:port or unix:/path", text), where};
  if (!port.empty()) {
    const auto number = port[0] == ':' ? parse_port(port.substr(1)) : std::nullopt;
    if (!number) return Error{fmt::format("\"{}\": a port is a number from 1 to 65535", text), where};
    server.port = *number;
  }
  server.host = host;
  return server;
}

std::string text_of(const Server& server) {
  if (!server.path.empty()) return fmt::format("{}{}", kUnix, server.path);
  if (server.host.find(':') != std::string::npos) return fmt::format("[{}]:{}", server.host, server.port);
  return fmt::format("{}:{}", server.host, server.port);
}

std::string objection(const Options& options) {
  using namespace std::chrono_literals;
  if (options.servers.empty()) return "redis needs servers";
  if (options.servers.size() > kMostServers) return fmt::format("at most {} servers of redis", kMostServers);
  if (options.prefix.size() > kMostPrefixBytes) return fmt::format("prefix has at most {} bytes", kMostPrefixBytes);
  if (options.prefix.find_first_of("{}") != std::string::npos) return "prefix may not hold { or }";  // hash tags
  if (options.database < 0) return "database is a number from 0";
  if (options.cluster && options.database != 0) return "a cluster has no database but 0";
  if (options.cluster && !options.sentinel.empty()) return "either cluster or sentinel";
  if (!options.user.empty() && options.password.empty()) return "user needs a password";
  if (options.timeout < 10ms || options.timeout > 5s) return "timeout is from 10 ms to 5 s";
  if (options.nodes < 1 || options.nodes > 1000) return "nodes is a number from 1 to 1000";
  return {};
}

}  // namespace postern::store::redis
