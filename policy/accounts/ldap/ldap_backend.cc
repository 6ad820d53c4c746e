#include "policy/accounts/ldap/ldap_backend.h"

#include <fmt/format.h>
#include <ldap.h>
#include <openldap.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "policy/accounts/ldap/dial.h"
#include "policy/accounts/ldap/ldap_filter.h"
#include "policy/accounts/ldap/ldap_patience.h"
#include "policy/accounts/sql/poll_until.h"
#include "policy/accounts/sql/row_collector.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr ber_len_t kMostMessageBytes = 4 << 20;  // local: of one entry, with what nobody asked for
constexpr std::size_t kMostFollowed = 100;        // local: entries that one entry leads to

constexpr const char* kUsualSocket = "/run/slapd/ldapi";

struct Unbind {
  void operator()(LDAP* handle) const { ldap_unbind_ext(handle, nullptr, nullptr); }
};
struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
struct FreeUrl {
  void operator()(LDAPURLDesc* url) const { ldap_free_urldesc(url); }
};
struct FreeText {
  void operator()(char* text) const { ldap_memfree(text); }
};
using MessagePtr = std::unique_ptr<LDAPMessage, FreeMessage>;
using TextPtr = std::unique_ptr<char, FreeText>;

timeval left_until(SteadyTime until) {
  const int ms = milliseconds_until(until);
  return {ms / 1000, (ms % 1000) * 1000};
}

// `uid=eva,ou=people` is eva; what is no name stays as it is.
std::string first_component(const std::string& value) {
  LDAPDN name = nullptr;
  if (value.find('=') == std::string::npos || ldap_str2dn(value.c_str(), &name, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
    return value;
  std::string out = value;
  if (name != nullptr && name[0] != nullptr && name[0][0] != nullptr) {
    const berval& first = name[0][0]->la_value;
    out.assign(first.bv_val, first.bv_len);
  }
  ldap_dnfree(name);
  return out;
}

std::optional<std::string> formed(LdapSearch::Form form, std::string value) {
  switch (form) {
    case LdapSearch::Form::text: return value;
    case LdapSearch::Form::login: return first_component(value);
    case LdapSearch::Form::address: break;
  }
  const std::size_t colon = value.find(':');
  if (colon == std::string::npos || value.find('@') < colon) return value;
  if (!ascii_iequals(std::string_view(value).substr(0, colon), "smtp")) return std::nullopt;
  return value.substr(colon + 1);
}

class LdapBackend final : public Backend {
 public:
  explicit LdapBackend(const LdapSettings& settings) : settings_(settings) {}

  // What went wrong; empty when all is well.
  std::string open(const std::string& password, SteadyTime until) {
    std::string problem;
    for (const std::string& url : settings_.urls) {
      problem = dial(url, until);
      if (problem.empty()) break;
    }
    if (problem.empty()) problem = set_options(until);
    if (problem.empty() && settings_.start_tls) problem = start_tls(until);
    if (problem.empty() && (settings_.start_tls || ldaps_)) problem = install_tls(until);
    if (problem.empty()) problem = bind(password, until);
    return problem;
  }

  Reply ask(const Question& question, SteadyTime until) override {
    usable_ = false;
    const LdapSearch& search = settings_.searches.at(question.lookup);
    const auto filter = search.filter.expand(question, escape_filter);
    if (!filter) return Reply::absent();
    std::vector<Entry> entries;
    std::string problem = find(settings_.base, LDAP_SCOPE_SUBTREE, *filter, search, until, entries);
    if (!problem.empty()) return Reply::failed(problem);
    std::set<std::string> active;
    if (!search.active.empty() && !entries.empty()) {
      std::vector<Entry> found;
      problem = find(settings_.base, LDAP_SCOPE_SUBTREE, "(&" + *filter + search.active + ")", {}, until, found);
      if (!problem.empty()) return Reply::failed(problem);
      for (const Entry& entry : found) active.insert(entry.name);
    }
    RowCollector rows;
    for (const Entry& entry : entries) {
      rows.begin_row();
      if (!search.active.empty()) rows.field("active", active.count(entry.name) > 0 ? "yes" : "no");
      add(rows, search, entry);
      for (const Entry& member : followed(search, entry, until, problem)) add(rows, search, member);
      if (!problem.empty()) return Reply::failed(problem);
    }
    return std::move(rows).reply();
  }
  bool usable() const override { return usable_; }

 private:
  struct Entry {
    std::string name;
    std::vector<std::pair<std::string, std::string>> values;  // attribute in lower case, value
  };

  // libldap itself would wait without an end for a server that takes the connection and does not shake hands.
  std::string dial(const std::string& url, SteadyTime until) {
    LDAPURLDesc* raw = nullptr;
    if (ldap_url_parse(url.c_str(), &raw) != LDAP_SUCCESS) return "the url is wrong";
    const std::unique_ptr<LDAPURLDesc, FreeUrl> parts(raw);
    const std::string host = parts->lud_host != nullptr ? parts->lud_host : "";
    const bool local = std::string_view(parts->lud_scheme) == "ldapi";
    ldaps_ = std::string_view(parts->lud_scheme) == "ldaps";
    const Result<int> fd =
        local ? dial_unix(host.empty() ? kUsualSocket : host, until)
              : dial_tcp(host.empty() ? "localhost" : host, static_cast<std::uint16_t>(parts->lud_port), until);
    if (!fd) return fd.error().message;
    LDAP* made = nullptr;
    const int code = ldap_init_fd(*fd, local ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, url.c_str(), &made);
    if (code != LDAP_SUCCESS) {
      close(*fd);
      return ldap_err2string(code);
    }
    handle_.reset(made);
    Sockbuf* socket = nullptr;
    ber_len_t most = kMostMessageBytes;
    if (ldap_get_option(made, LDAP_OPT_SOCKBUF, &socket) != LDAP_OPT_SUCCESS || socket == nullptr) return "no socket";
    ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most);
    patience_.stand_before(socket, *fd);
    return {};
  }

  std::string set_options(SteadyTime until) {
    LDAP* handle = handle_.get();
    const int version = LDAP_VERSION3;
    const timeval limit = left_until(until);
    ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &limit);
    ldap_set_option(handle, LDAP_OPT_TIMEOUT, &limit);
    if (!settings_.ca_file.empty() &&
        ldap_set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, settings_.ca_file.c_str()) != LDAP_OPT_SUCCESS)
      return "the CA file cannot be used";
    const int demand = settings_.verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
    const int client = 0;
    ldap_set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    // Last: it takes in what is set above.
    if (ldap_set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &client) != LDAP_OPT_SUCCESS)
      return "TLS cannot be set up: is the CA file readable?";
    return {};
  }

  std::string start_tls(SteadyTime until) {
    int id = 0;
    if (const int code = ldap_start_tls(handle_.get(), nullptr, nullptr, &id); code != LDAP_SUCCESS) return said(code);
    const std::string problem = end_of(id, until);
    return problem.empty() ? "" : "StartTLS: " + problem;
  }

  std::string install_tls(SteadyTime until) {
    patience_.begins(until);
    const int code = ldap_install_tls(handle_.get());
    patience_.ends();
    return code == LDAP_SUCCESS ? "" : "TLS: " + said(code);
  }

  // Where nobody binds it still shows that the server is there.
  std::string bind(const std::string& password, SteadyTime until) {
    berval secret{password.size(), const_cast<char*>(password.data())};
    const char* who = settings_.bind_dn.empty() ? nullptr : settings_.bind_dn.c_str();
    int id = 0;
    const int code = ldap_sasl_bind(handle_.get(), who, LDAP_SASL_SIMPLE, &secret, nullptr, nullptr, &id);
    return code == LDAP_SUCCESS ? end_of(id, until) : said(code);
  }

  // The last message of an operation that has no others.
  std::string end_of(int id, SteadyTime until) {
    LDAPMessage* raw = nullptr;
    timeval limit = left_until(until);
    const int type = ldap_result(handle_.get(), id, LDAP_MSG_ALL, &limit, &raw);
    const MessagePtr message(raw);
    if (type == 0) return "no answer in time";
    if (type < 0) return said(last_code());
    return result_of(message.get());
  }

  // What a final message says; empty when all is well.
  std::string result_of(LDAPMessage* message) {
    int code = LDAP_OTHER;
    char* text = nullptr;
    ldap_parse_result(handle_.get(), message, &code, nullptr, &text, nullptr, nullptr, 0);
    const TextPtr owned(text);
    if (code == LDAP_SUCCESS || code == LDAP_SIZELIMIT_EXCEEDED) return {};  // what came is bounded, and counted
    usable_ = code == LDAP_INVALID_SYNTAX || code == LDAP_INAPPROPRIATE_MATCHING;
    std::string problem = ldap_err2string(code);
    if (text != nullptr && *text != '\0') problem += fmt::format(" ({})", text);
    return problem;
  }

  std::string find(const std::string& base, int scope, const std::string& filter, const LdapSearch& search,
                   SteadyTime until, std::vector<Entry>& entries) {
    std::vector<char*> wanted;
    for (const auto& attribute : search.attributes) wanted.push_back(const_cast<char*>(attribute.name.c_str()));
    if (!search.follow.empty()) wanted.push_back(const_cast<char*>(search.follow.c_str()));
    char none[] = LDAP_NO_ATTRS;
    if (wanted.empty()) wanted.push_back(none);
    wanted.push_back(nullptr);
    timeval limit = left_until(until);
    int id = 0;
    const int code = ldap_search_ext(handle_.get(), base.c_str(), scope, filter.c_str(), wanted.data(), 0, nullptr,
                                     nullptr, &limit, static_cast<int>(kMostRows + 1), &id);
    if (code == LDAP_FILTER_ERROR) {
      usable_ = true;
      return "the filter is wrong";
    }
    if (code != LDAP_SUCCESS) return said(code);
    return read_entries(id, until, entries);
  }

  std::string read_entries(int id, SteadyTime until, std::vector<Entry>& entries) {
    std::size_t bytes = 0;
    for (;;) {
      LDAPMessage* raw = nullptr;
      timeval limit = left_until(until);
      const int type =
          std::chrono::steady_clock::now() < until ? ldap_result(handle_.get(), id, LDAP_MSG_ONE, &limit, &raw) : 0;
      const MessagePtr message(raw);
      if (type == 0) return "no answer in time";
      if (type < 0) return said(last_code());
      if (type == LDAP_RES_SEARCH_RESULT) return result_of(message.get());
      if (type != LDAP_RES_SEARCH_ENTRY) continue;  // a reference: not followed
      entries.push_back(read_entry(message.get(), bytes));
      if (bytes <= kMostRowBytes && entries.size() <= kMostRows) continue;
      ldap_abandon_ext(handle_.get(), id, nullptr, nullptr);
      return {};
    }
  }

  Entry read_entry(LDAPMessage* message, std::size_t& bytes) {
    Entry entry;
    const TextPtr name(ldap_get_dn(handle_.get(), message));
    if (name) entry.name = name.get();
    BerElement* position = nullptr;
    for (TextPtr attribute(ldap_first_attribute(handle_.get(), message, &position)); attribute;
         attribute.reset(ldap_next_attribute(handle_.get(), message, position))) {
      const std::string_view with_options = attribute.get();
      const std::string type = ascii_lower(with_options.substr(0, with_options.find(';')));
      berval** values = ldap_get_values_len(handle_.get(), message, attribute.get());
      for (int i = 0; values != nullptr && values[i] != nullptr && bytes <= kMostRowBytes; ++i) {
        entry.values.emplace_back(type, std::string(values[i]->bv_val, values[i]->bv_len));
        bytes += type.size() + values[i]->bv_len;
      }
      if (values != nullptr) ldap_value_free_len(values);
    }
    if (position != nullptr) ber_free(position, 0);
    return entry;
  }

  static void add(RowCollector& rows, const LdapSearch& search, const Entry& entry) {
    for (const LdapSearch::Attribute& attribute : search.attributes) {
      for (const auto& [type, value] : entry.values) {
        if (type != attribute.name) continue;
        if (const auto text = formed(attribute.form, value)) rows.field(attribute.field, *text);
      }
    }
  }

  // The entries that one leads to (ldap_table(5), special_result_attribute), one level.
  std::vector<Entry> followed(const LdapSearch& search, const Entry& entry, SteadyTime until, std::string& problem) {
    std::vector<Entry> out;
    for (const auto& [type, name] : entry.values) {
      if (search.follow.empty() || type != search.follow || !problem.empty() || out.size() >= kMostFollowed) continue;
      problem = find(name, LDAP_SCOPE_BASE, "(objectClass=*)", search, until, out);
      if (last_code_was_absence(problem)) problem.clear();  // it leads nowhere
    }
    return out;
  }

  static bool last_code_was_absence(const std::string& problem) {
    return problem.starts_with(ldap_err2string(LDAP_NO_SUCH_OBJECT));
  }

  int last_code() const {
    int code = LDAP_OTHER;
    ldap_get_option(handle_.get(), LDAP_OPT_RESULT_CODE, &code);
    return code;
  }

  // A code of the library's own, with what it knows beside.
  std::string said(int code) const {
    char* more = nullptr;
    ldap_get_option(handle_.get(), LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    const TextPtr owned(more);
    std::string out = ldap_err2string(code);
    if (more != nullptr && *more != '\0') out += fmt::format(" ({})", more);
    return out;
  }

  const LdapSettings& settings_;
  LdapPatience patience_;
  std::unique_ptr<LDAP, Unbind> handle_;
  bool ldaps_ = false;
  bool usable_ = false;
};

}  // namespace

Result<std::unique_ptr<Backend>> connect_ldap(const LdapSettings& settings, const std::string& password,
                                              SteadyTime until) {
  auto backend = std::make_unique<LdapBackend>(settings);
  std::string problem = backend->open(password, until);
  if (!problem.empty()) return Error{std::move(problem), {}};
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace postern::accounts
