#include "policy/accounts/sql/dsn.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "policy/base/text.h"

namespace postern::accounts {

namespace {

Error wrong(std::string_view why) { return {std::string(why), {}}; }

constexpr std::string_view kNoPassword =
    "a password does not belong into dsn; write it into a file and name it in password-file";

// RFC 3986 2.1; nothing where it is wrong, or hides a NUL.
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const char* first = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(first, first + 2, value, 16).ptr != first + 2 || value == 0)
      return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

struct Uri {
  std::string_view user, host, path, query;
  bool password = false;
};

Uri parts_of(std::string_view text) {
  Uri uri;
  const std::size_t question = text.find('?');
  if (question != std::string_view::npos) uri.query = text.substr(question + 1);
  text = text.substr(0, question);
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) uri.path = text.substr(slash + 1);
  uri.host = text.substr(0, slash);
  const std::size_t at = uri.host.rfind('@');
  if (at == std::string_view::npos) return uri;
  uri.user = uri.host.substr(0, at);
  uri.host.remove_prefix(at + 1);
  uri.password = uri.user.find(':') != std::string_view::npos;
  uri.user = uri.user.substr(0, uri.user.find(':'));
  return uri;
}

Result<Dsn> postgresql(std::string_view text, const Uri& uri) {
  Dsn dsn;
  dsn.dialect = Dialect::postgresql;
  dsn.uri = text;
  dsn.host = uri.host;
  dsn.database = uri.path;
  for (const std::string_view setting : split(uri.query, '&')) {
    const std::string_view key = setting.substr(0, setting.find('='));
    if (ascii_iequals(key, "password") || ascii_iequals(key, "sslpassword")) return wrong(kNoPassword);
    if (ascii_iequals(key, "host") && dsn.host.empty())
      dsn.host = setting.substr(std::min(key.size() + 1, setting.size()));
  }
  return dsn;
}

bool set_query(Dsn& dsn, std::string_view query, std::string& problem) {
  if (query.empty()) return true;
  for (const std::string_view setting : split(query, '&')) {
    const std::string_view key = setting.substr(0, setting.find('='));
    const auto value = unescape(setting.substr(std::min(key.size() + 1, setting.size())));
    if (!value) return problem = "a %-escape in it is wrong", false;
    if (key == "socket")
      dsn.socket = *value;
    else if (key == "ssl-ca")
      dsn.ca_file = *value;
    else if (key == "password")
      return problem = kNoPassword, false;
    else
      return problem = fmt::format("{} is no setting of a mysql dsn; there are socket and ssl-ca", printable(key)),
             false;
  }
  return true;
}

Result<Dsn> mariadb(const Uri& uri) {
  Dsn dsn;
  dsn.dialect = Dialect::mariadb;
  std::string problem;
  if (!set_query(dsn, uri.query, problem)) return wrong(problem);
  std::string_view host = uri.host;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view port = host.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), dsn.port);
    if (port.empty() || read.ec != std::errc() || read.ptr != port.data() + port.size())
      return wrong("its port is no number");
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto user = unescape(uri.user);
  const auto database = unescape(uri.path);
  if (!user || !database) return wrong("a %-escape in it is wrong");
  if (database->empty()) return wrong("it names no database");
  dsn.host = host;
  dsn.user = *user;
  dsn.database = *database;
  return dsn;
}

}  // namespace

Result<Dsn> parse_dsn(std::string_view text) {
  constexpr std::string_view kForms = "postgresql://user@host/db, mysql://user@host/db or sqlite:/path is expected";
  if (text.find('\0') != std::string_view::npos) return wrong(kForms);
  const std::size_t colon = text.find(':');
  const std::string scheme = ascii_lower(text.substr(0, colon));
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (scheme == "sqlite") {
    if (rest.starts_with("///")) rest.remove_prefix(2);
    if (!rest.starts_with('/') || rest.starts_with("//")) return wrong("sqlite: wants an absolute path: sqlite:/path");
    Dsn dsn;
    dsn.path = rest;
    return dsn;
  }
  if (!rest.starts_with("//")) return wrong(kForms);
  const Uri uri = parts_of(rest.substr(2));
  if (uri.password) return wrong(kNoPassword);
  if (scheme == "postgresql" || scheme == "postgres") return postgresql(text, uri);
  if (scheme == "mysql" || scheme == "mariadb") return mariadb(uri);
  return wrong(kForms);
}

std::string Dsn::describe() const {
  switch (dialect) {
    case Dialect::sqlite: return fmt::format("sqlite {}", printable(path));
    case Dialect::postgresql:
      return fmt::format("postgresql on {}", host.empty() ? "its local socket" : printable(host));
    case Dialect::mariadb: break;
  }
  return fmt::format("mariadb on {}", printable(!socket.empty() ? socket : host.empty() ? "its local socket" : host));
}

}  // namespace postern::accounts
