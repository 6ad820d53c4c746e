#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/configuration.h"
#include "policy/base/ip.h"
#include "policy/base/port.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

constexpr std::size_t kMaxPath = 107;  // sockaddr_un, less its NUL (unix(7)); libmilter refuses more
constexpr std::string_view kForms = "write unix:/path, inet:8891@127.0.0.1 or inet6:8891@::1";

std::string_view without_brackets(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

Result<Listen> parse_unix(std::string_view path, const Place& where) {
  const auto refuse = [&](std::string message) { return Error{std::move(message), where}; };
  if (!path.starts_with('/'))
    return refuse(
        fmt::format("the socket's path \"{}\" is not absolute; write unix:/run/postern/postern.sock", printable(path)));
  if (path.size() > kMaxPath)
    return refuse(fmt::format("the socket's path has {} bytes; the system allows {}", path.size(), kMaxPath));
  if (path.ends_with('/')) return refuse("the socket's path ends in a slash; name the socket itself");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(path.begin(), path.end(), is_control)) return refuse("the socket's path holds a control byte");
  Listen listen;
  listen.path = path;
  return listen;
}

/// `rest` is what stands behind `inet:` or `inet6:`.
Result<Listen> parse_inet(std::string_view word, std::string_view rest, const Place& where) {
  const auto refuse = [&](std::string message) { return Error{std::move(message), where}; };
  std::string_view host;
  std::string_view port_text;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {  // libmilter's and Sendmail's: port@host
    port_text = rest.substr(0, at);
    host = rest.substr(at + 1);
  } else if (const auto colon = rest.rfind(':');
             colon != std::string_view::npos) {  // Postfix's: host:port, IPv6 in brackets
    host = rest.substr(0, colon);
    port_text = rest.substr(colon + 1);
    if (host.find(':') != std::string_view::npos && !host.starts_with('['))
      return refuse(
          fmt::format("\"{}:{}\" does not say where the address ends; write inet6:8891@::1 or inet:[::1]:8891", word,
                      printable(rest)));
  } else {
    // libmilter would listen on every address of the machine.
    return refuse(
        fmt::format("\"{0}:{1}\" names no host, and without one every address of the machine would be open; write "
                    "inet:{1}@127.0.0.1",
                    word, parse_port(rest) ? std::string(rest) : "8891"));
  }
  const std::optional<std::uint16_t> port = parse_port(port_text);
  if (!port) return refuse(fmt::format("\"{}\" is no port (1 to 65535); {}", printable(port_text), kForms));
  if (host.empty())
    return refuse(fmt::format(
        "there is no host behind the port, and without one every address would be open; write inet:{}@127.0.0.1",
        *port));
  const std::optional<IpAddress> address = IpAddress::parse(without_brackets(host));
  if (!address)
    return refuse(fmt::format("\"{}\" is no address; a host name could mean another machine tomorrow: {}",
                              printable(host), kForms));
  if (word == "inet6" && address->is_v4())
    return refuse(fmt::format("{} is no IPv6 address; write inet:{}@{}", address->text(), *port, address->text()));
  Listen listen;
  listen.kind = address->is_v4() ? Listen::Kind::inet : Listen::Kind::inet6;
  listen.host = address->text();
  listen.port = *port;
  return listen;
}

}  // namespace

std::string Listen::libmilter_text() const {
  switch (kind) {
    case Kind::unix_socket: return "unix:" + path;
    case Kind::inet: return fmt::format("inet:{}@[{}]", port, host);  // brackets: an address, never a name to look up
    case Kind::inet6: return fmt::format("inet6:{}@[{}]", port, host);
  }
  return {};
}

std::string Listen::postfix_text() const {
  switch (kind) {
    case Kind::unix_socket: return "unix:" + path;
    case Kind::inet: return fmt::format("inet:{}:{}", host, port);
    case Kind::inet6: return fmt::format("inet:[{}]:{}", host, port);
  }
  return {};
}

Result<Listen> parse_listen(std::string_view text, const Place& where) {
  if (text.starts_with('/')) return parse_unix(text, where);
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view rest = text.substr(colon + 1);
    if (word == "unix" || word == "local") return parse_unix(rest, where);
    if (word == "inet" || word == "inet6") return parse_inet(word, rest, where);
  }
  return Error{fmt::format("\"{}\" is no address to listen at; {}", printable(text), kForms), where};
}

}  // namespace postern::config
