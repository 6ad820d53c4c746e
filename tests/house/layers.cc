#include "tests/house/layers.h"

#include <algorithm>
#include <array>
#include <regex>

#include "tests/house/source_tree.h"

namespace postern::house {

namespace {

// From left to right: each may include itself and what stands to its right.
constexpr std::array<std::string_view, 14> kOrder{"milter",   "config", "engine",  "checks", "evidence",
                                                  "accounts", "limits", "notices", "auth",   "store",
                                                  "rules",    "mail",   "dns",     "base"};
// DESIGN 3: they do not include each other.
constexpr std::array<std::string_view, 3> kSiblings{"accounts", "limits", "notices"};

/// Where a library may be included: a file, or a folder with everything below it.
struct Door {
  std::string_view library;  ///< what the include begins with
  std::vector<std::string_view> doors;
};

const std::vector<Door>& doors() {
  static const std::vector<Door> kDoors{
      {"libmilter/", {"milter/"}},
      {"yaml-cpp/", {"config/yaml_reader.cc"}},
      {"libpsl.h", {"policy/auth/public_suffix.cc"}},
      {"maxminddb.h", {"policy/base/geo.cc"}},
      {"hiredis/", {"policy/store/redis/reply.cc"}},
      {"unbound.h", {"policy/dns/unbound_resolver.cc"}},
      {"re2/", {"policy/rules/pattern.cc"}},
      {"libpq-fe.h", {"policy/accounts/sql/postgresql_backend.cc"}},
      {"mariadb/", {"policy/accounts/sql/mariadb_backend.cc"}},
      {"ldap.h", {"policy/accounts/ldap/ldap_backend.cc"}},
      {"lber.h", {"policy/accounts/ldap/ldap_patience.cc"}},
      {"openldap.h", {"policy/accounts/ldap/ldap_backend.cc"}},
      {"unicode/", {"policy/base/text.cc", "policy/dns/domain.cc"}},
      {"httplib.h", {"policy/notices/webhook.cc"}},
      {"spdlog/", {"policy/base/log.cc"}},
      {"openssl/", {"policy/auth/crypto.cc", "policy/base/tls.cc"}},
      {"sqlite3.h", {"policy/accounts/sql/sqlite_backend.cc", "policy/store/sqlite.cc"}},
      {"systemd/", {"milter/"}},
      {"CLI/", {"milter/"}},
      {"nlohmann/", {"config/reference.cc", "milter/"}},
      {"fmt/", {"milter/", "config/", "policy/"}},
  };
  return kDoors;
}

std::string_view layer_of(std::string_view path) {
  if (path.starts_with("policy/")) path.remove_prefix(7);
  return path.substr(0, path.find('/'));
}

std::size_t rank(std::string_view layer) {
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), layer) - kOrder.begin());
}

bool may_include(std::string_view from, std::string_view to) {
  if (from == "auth" && (to == "rules" || to == "store")) return false;  // auth is of RFCs alone: mail, dns, base
  if (from == "store" && to != "store" && to != "base") return false;    // bytes under keys: nothing of mail
  const auto is_sibling = [](std::string_view layer) {
    return std::find(kSiblings.begin(), kSiblings.end(), layer) != kSiblings.end();
  };
  if (from != to && is_sibling(from) && is_sibling(to)) return false;
  return rank(from) <= rank(to) && rank(to) < kOrder.size();
}

/// A library that is no part of the system: it has a door, or a folder in its name and none of the system's.
bool is_outside(std::string_view header) {
  static const std::regex kSystem("(sys|netinet|arpa|linux|net)/.*|[a-z0-9_]+(\\.h)?");
  const bool has_door =
      std::any_of(doors().begin(), doors().end(), [&](const Door& door) { return door.library == header; });
  return has_door || !std::regex_match(header.begin(), header.end(), kSystem);
}

}  // namespace

std::vector<std::string> broken_includes(std::string_view path, std::string_view text) {
  static const std::regex kInclude("\\s*#\\s*include\\s*([<\"])([^>\"]+)[>\"].*");
  std::vector<std::string> broken;
  const std::string_view own = layer_of(path);
  if (rank(own) == kOrder.size()) broken.push_back(std::string(path) + ": " + std::string(own) + " is no layer");
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    std::smatch match;
    if (!std::regex_match(line, match, kInclude)) continue;
    const std::string header = match[2];
    const std::string at = std::string(path) + ":" + std::to_string(number) + ": ";
    if (match[1] == "\"") {
      if (!may_include(own, layer_of(header))) broken.push_back(at + std::string(own) + " may not include " + header);
    } else if (is_outside(header)) {
      const auto door =
          std::find_if(doors().begin(), doors().end(), [&](const Door& d) { return header.starts_with(d.library); });
      const bool open =
          door != doors().end() && std::any_of(door->doors.begin(), door->doors.end(), [&](std::string_view d) {
            return d.ends_with('/') ? path.starts_with(d) : path == d;
          });
      if (!open) broken.push_back(at + "<" + header + "> has another door");
    }
  }
  return broken;
}

}  // namespace postern::house
