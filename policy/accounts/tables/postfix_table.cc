#include "policy/accounts/tables/postfix_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "policy/accounts/ldap/ldap_connector.h"
#include "policy/accounts/ldap/ldap_filter.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/accounts/tables/postfix_result.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

using Connectors = std::vector<std::shared_ptr<const Connector>>;

constexpr std::size_t kMostFileBytes = 65536;  // local

std::optional<std::string> content(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return std::nullopt;
  struct stat status {};
  std::string text(kMostFileBytes + 1, '\0');
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t n = regular ? read(fd, text.data(), text.size()) : -1;
  close(fd);
  if (n < 0 || static_cast<std::size_t>(n) > kMostFileBytes) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  return text;
}

struct Value {
  std::string text;
  int line = 0;
};

// postconf(5): a line that begins with a blank goes on with the one above; `#` begins a line of comment.
std::map<std::string, Value> parameters(std::string_view text) {
  std::map<std::string, Value> out;
  Value* last = nullptr;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || trim(line).front() == '#') continue;
    if (line.front() == ' ' || line.front() == '\t') {
      if (last != nullptr) last->text += " " + std::string(trim(line));
      continue;
    }
    const std::size_t equals = line.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
    last = &(out[std::string(trim(line.substr(0, equals)))] = {std::string(trim(value)), number});
  }
  return out;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ' && c != '\t' && c != ',' && c != '\r') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(std::exchange(word, {}));
    }
  }
  return out;
}

std::string escape_uri(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '/';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view type, const std::string& path, Problems& problems)
      : type_(type), path_(path), problems_(problems) {}

  std::shared_ptr<const Connector> read() {
    const auto text = content(path_);
    if (!text) return wrong(0, "cannot be read, or is no file of at most 64 KiB"), nullptr;
    values_ = parameters(*text);
    PostfixResult result = read_result();
    Connectors inner = type_ == "ldap" ? read_ldap() : read_sql();
    // Ours are the waiting times, and what is said of them changes no answer.
    for (const char* passed : {"timeout", "idle_interval", "retry_interval", "debuglevel"}) asked_.insert(passed);
    for (const auto& [name, value] : values_) {
      if (asked_.count(name) == 0) wrong(value.line, fmt::format("{} is not understood", printable(name)));
    }
    if (!usable_ || inner.empty()) return nullptr;
    return make_postfix_connector(std::move(inner), std::move(result));
  }

 private:
  void wrong(int line, std::string message) {
    problems_.error({path_, line, line > 0 ? 1 : 0}, std::move(message));
    usable_ = false;
  }
  std::string text(const std::string& name, std::string fallback = {}) {
    asked_.insert(name);
    const auto found = values_.find(name);
    return found == values_.end() ? std::move(fallback) : found->second.text;
  }
  int line_of(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? 0 : found->second.line;
  }
  bool flag(const std::string& name, bool fallback) {
    const std::string word = ascii_lower(text(name));
    if (word == "yes" || word == "simple") return true;
    if (word == "no") return false;
    if (!word.empty()) wrong(line_of(name), fmt::format("{}: yes or no is expected", name));
    return fallback;
  }
  std::size_t number(const std::string& name) {
    const std::string word = text(name, "0");
    std::size_t out = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), out);
    if (read.ec != std::errc() || read.ptr != word.data() + word.size())
      wrong(line_of(name), fmt::format("{}: a number is expected", name));
    return out;
  }

  PostfixResult read_result() {
    PostfixResult result;
    for (const std::string& domain : words(text("domain"))) {
      // postfix: these may also be files and tables, which are not read.
      if (domain.find_first_of(":/") != std::string::npos)
        wrong(line_of("domain"), "domain: only names are understood");
      result.domains.push_back(ascii_lower(domain));
    }
    result.format = text("result_format", "%s");
    if (!is_result_format(result.format))
      wrong(line_of("result_format"), "result_format: % stands before none of s u d S U D 1…9 and %");
    result.limit = number("expansion_limit");
    return result;
  }

  Connectors read_sql() {
    SqlSettings settings;
    const Dialect dialect = type_ == "pgsql"   ? Dialect::postgresql
                            : type_ == "mysql" ? Dialect::mariadb
                                               : Dialect::sqlite;
    SqlProblem problem;
    auto query = parse_postfix_query(text("query"), dialect, problem);
    if (query)
      settings.queries.emplace(Lookup::value, std::move(*query));
    else
      wrong(line_of("query"), "query: " + problem.message);
    if (dialect == Dialect::sqlite) {
      settings.dsn.path = text("dbpath");
      if (!settings.dsn.path.starts_with('/'))
        return wrong(line_of("dbpath"), "dbpath: an absolute path is expected"), Connectors();
      return {make_sql_connector(std::move(settings))};
    }
    settings.dsn.dialect = dialect;
    settings.dsn.user = text("user");
    settings.dsn.database = text("dbname");
    settings.password = text("password");
    if (dialect == Dialect::mariadb) settings.dsn.ca_file = text("tls_CAfile");
    if (settings.dsn.database.empty()) return wrong(0, "there is no dbname"), Connectors();
    std::vector<std::string> hosts = words(text("hosts"));
    if (hosts.empty()) hosts.emplace_back();
    Connectors out;
    for (const std::string& host : hosts) {
      SqlSettings one = settings;
      if (!set_host(one.dsn, host)) return Connectors();
      if (dialect == Dialect::postgresql) set_uri(one.dsn);
      out.push_back(make_sql_connector(std::move(one)));
    }
    return out;
  }

  // `host`, `host:port`, `inet:host:port` or `unix:/path`.
  bool set_host(Dsn& dsn, std::string_view host) {
    if (host.starts_with("unix:")) {
      (dsn.dialect == Dialect::postgresql ? dsn.host : dsn.socket) = host.substr(5);
      return true;
    }
    if (host.starts_with("inet:")) host.remove_prefix(5);
    const std::size_t colon = host.rfind(':');
    dsn.host = host.substr(0, colon);
    if (colon == std::string_view::npos) return true;
    const std::string_view port = host.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), dsn.port);
    if (!port.empty() && read.ec == std::errc() && read.ptr == port.data() + port.size()) return true;
    return wrong(line_of("hosts"), "hosts: a port is no number"), false;
  }

  static void set_uri(Dsn& dsn) {
    dsn.uri = fmt::format("postgresql:///{}?", escape_uri(dsn.database));
    if (!dsn.host.empty()) dsn.uri += "host=" + escape_uri(dsn.host) + "&";
    if (dsn.port != 0) dsn.uri += fmt::format("port={}&", dsn.port);
    if (!dsn.user.empty()) dsn.uri += "user=" + escape_uri(dsn.user) + "&";
    dsn.uri.pop_back();
  }

  Connectors read_ldap() {
    LdapSettings settings;
    LdapSearch search;
    const std::size_t port = number("server_port");
    for (const std::string& host : words(text("server_host", "localhost")))
      settings.urls.push_back(host.find("://") != std::string::npos ? host
                              : port == 0                           ? "ldap://" + host
                                                                    : fmt::format("ldap://{}:{}", host, port));
    settings.base = text("search_base");
    if (settings.base.find('%') != std::string::npos) wrong(line_of("search_base"), "search_base: % is not understood");
    FilterProblem problem;
    auto filter = parse_postfix_filter(text("query_filter", "(mailacceptinggeneralid=%s)"), problem);
    if (filter)
      search.filter = std::move(*filter);
    else
      wrong(line_of("query_filter"), "query_filter: " + problem.message);
    for (const std::string& name : words(text("result_attribute", "maildrop"))) add_attribute(search, name);
    search.follow = ascii_lower(text("special_result_attribute"));
    if (!search.follow.empty() && !is_attribute(search.follow))
      wrong(line_of("special_result_attribute"), "special_result_attribute: one name of an attribute is expected");
    const bool bind = flag("bind", true);
    settings.bind_dn = text("bind_dn");
    settings.password = text("bind_pw");
    if (!bind) settings.bind_dn.clear();
    if (text("version", "3") != "3") wrong(line_of("version"), "version: only 3 is spoken");
    settings.start_tls = flag("start_tls", false);
    settings.ca_file = text("tls_ca_cert_file");
    settings.verify = flag("tls_require_cert", true);
    if (text("scope", "sub") != "sub") wrong(line_of("scope"), "scope: only sub is understood");
    if (flag("chase_referrals", false))
      wrong(line_of("chase_referrals"), "chase_referrals: referrals are not followed");
    settings.searches.emplace(Lookup::value, std::move(search));
    return {make_ldap_connector(std::move(settings))};
  }

  void add_attribute(LdapSearch& search, const std::string& name) {
    if (!is_attribute(name))
      return wrong(line_of("result_attribute"), "result_attribute: names of attributes are expected");
    search.attributes.push_back({ascii_lower(name), ascii_lower(name), LdapSearch::Form::text});
  }

  const std::string type_;
  const std::string path_;
  Problems& problems_;
  std::map<std::string, Value> values_;
  std::set<std::string> asked_;
  bool usable_ = true;
};

}  // namespace

std::shared_ptr<const Connector> read_postfix_table(std::string_view type, const std::string& path,
                                                    Problems& problems) {
  return Reader(type, path, problems).read();
}

}  // namespace postern::accounts
