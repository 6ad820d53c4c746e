#include "policy/accounts/ldap/ldap_connector.h"

#include <fmt/format.h>

#include "policy/accounts/ldap/ldap_backend.h"
#include "policy/accounts/ldap/ldap_filter.h"
#include "policy/accounts/secret_file.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

using Form = LdapSearch::Form;
using Names = std::vector<std::string>;

constexpr std::string_view kUsualLogins = "[uid, sAMAccountName, userPrincipalName, mail]";
constexpr std::string_view kUsualAddresses = "[mail, mailAlternateAddress, proxyAddresses, otherMailbox]";

class LdapConnector final : public Connector {
 public:
  explicit LdapConnector(LdapSettings settings) : settings_(std::move(settings)) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override {
    std::string password = settings_.password;
    if (!settings_.password_file.empty()) {
      Result<std::string> secret = read_secret(settings_.password_file);
      if (!secret) return secret.error();
      password = std::move(secret).value();
    }
    // RFC 4513 5.1.2: a name without a password would bind as nobody, and look as if all were well.
    if (!settings_.bind_dn.empty() && password.empty()) return Error{"bind without a password", {}};
    Result<std::unique_ptr<Backend>> made = connect_ldap(settings_, password, until);
    if (!made) return Error{fmt::format("{}: {}", describe(), made.error().message), {}};
    return made;
  }
  bool has(Lookup lookup) const override { return settings_.searches.count(lookup) > 0; }
  std::string describe() const override { return fmt::format("ldap on {}", printable(join(settings_.urls, " "))); }

 private:
  const LdapSettings settings_;
};

bool is_url(std::string_view url) {
  const std::size_t end = url.find("://");
  const std::string scheme = ascii_lower(url.substr(0, end));
  return end != std::string_view::npos && (scheme == "ldap" || scheme == "ldaps" || scheme == "ldapi") &&
         url.find_first_of("? \t@") == std::string_view::npos;
}

// Whatever is wrong is told at `where`.
class Reader {
 public:
  explicit Reader(Settings& settings) : settings_(settings) {}

  bool server(LdapSettings& out) {
    const Node* url = settings_.node("url", "text", "", "the server: ldaps://host, ldap://host or ldapi:///");
    out.base = settings_.text("base", "", "the entry below which is searched");
    out.bind_dn = settings_.text("bind", "", "the name to bind with; else nobody binds");
    out.password_file = settings_.text("password-file", "", "file with its password, not readable for everybody");
    out.start_tls = settings_.flag("start-tls", false, "encrypts ldap:// before anything else is said");
    out.verify = settings_.flag("verify", true, "the server's certificate is to stand");
    out.ca_file = settings_.text("ca-file", "", "who may have signed it; the system's own unless set");
    if (url == nullptr || !url->is_scalar()) return wrong(Place{}, "type ldap needs a url", "ldaps://host");
    for (const std::string_view one : split(url->text, ' ')) {
      if (one.empty()) continue;
      if (!is_url(one)) return wrong(url->where, "url: ldaps://host, ldap://host or ldapi:/// is expected");
      out.urls.emplace_back(one);
    }
    if (out.urls.empty()) return wrong(url->where, "url: ldaps://host, ldap://host or ldapi:/// is expected");
    if (!out.bind_dn.empty() && out.password_file.empty()) return wrong(url->where, "bind needs a password-file");
    const bool clear = ascii_lower(out.urls.front()).starts_with("ldap://") && !out.start_tls;
    if (clear && !out.bind_dn.empty())
      settings_.problems().warning(url->where, "the password goes over the network as it is", "start-tls: yes");
    return true;
  }

  // The attributes of a setting, in lower case.
  Names attributes(std::string_view key, std::string_view fallback, std::string_view doc) {
    Names names;
    const Node* node = settings_.node(key, "attributes", fallback, doc);
    if (node == nullptr) return names;
    const auto add = [&](const Node& one) {
      if (!one.is_scalar() || !is_attribute(one.text))
        wrong(one.where, fmt::format("{}: {} is no name of an attribute", key, printable(one.text)));
      else
        names.push_back(ascii_lower(one.text));
    };
    if (node->is_list()) {
      for (const Node& one : node->items) add(one);
    } else {
      add(*node);
    }
    return names;
  }

  std::string active() {
    const Node* node =
        settings_.node("active", "filter", "", "what an account has to be found by, else it is suspended");
    if (node == nullptr) return {};
    FilterProblem problem;
    const auto filter = parse_filter(node->text, problem);
    if (!filter) return wrong(node->at(problem.offset), problem.message), "";
    if (filter->has_parts()) return wrong(node->where, "active: a filter without parameters is expected"), "";
    return node->text;
  }

  const Node* facts(std::vector<LdapSearch::Attribute>& out) {
    const Node* node = settings_.node("facts", "{NAME: attribute}", "none", "what becomes account.NAME");
    if (node == nullptr) return node;
    if (!node->is_map()) return wrong(node->where, "facts: {name: attribute} is expected"), node;
    for (const auto& [name, attribute] : node->entries) {
      if (!attribute.is_scalar() || !is_attribute(attribute.text))
        wrong(attribute.where, fmt::format("facts: {} is no name of an attribute", printable(attribute.text)));
      else
        out.push_back({ascii_lower(attribute.text), "fact." + ascii_lower(name.text), Form::text});
    }
    return node;
  }

  void filter(LdapSearch& out) {
    const Node* node = settings_.node("filter", "filter", "", "is in the list what it finds: (mail={value})");
    if (node == nullptr || !node->is_scalar())
      return (void)wrong(Place{}, "type ldap needs a filter", "(mail={value})");
    FilterProblem problem;
    auto parsed = parse_filter(node->text, problem);
    if (!parsed) return (void)wrong(node->at(problem.offset), problem.message);
    if (!parsed->has_parts())
      settings_.problems().warning(node->where, "the filter has no parameter and answers everybody the same",
                                   "{value}");
    out.filter = std::move(*parsed);
  }

  bool usable() const { return usable_; }

 private:
  bool wrong(const Place& where, std::string message, std::string hint = {}) {
    settings_.problems().error(where, std::move(message), std::move(hint));
    return usable_ = false;
  }

  Settings& settings_;
  bool usable_ = true;
};

void add_all(std::vector<LdapSearch::Attribute>& to, const Names& names, std::string_view field, Form form) {
  for (const std::string& name : names) to.push_back({name, std::string(field), form});
}

}  // namespace

std::shared_ptr<const Connector> make_ldap_connector(LdapSettings settings) {
  return std::make_shared<LdapConnector>(std::move(settings));
}

std::shared_ptr<const Connector> read_ldap_accounts(Settings& settings, const Node** facts) {
  LdapSettings out;
  Reader reader(settings);
  reader.server(out);
  Names logins = reader.attributes("login", kUsualLogins, "attributes that a login may be the value of");
  Names addresses = reader.attributes("addresses", kUsualAddresses, "attributes with the account's addresses");
  const Names owners = reader.attributes("owners", "", "attributes with whom an address belongs to: logins, or names");
  const Names delegates = reader.attributes("delegates", "", "attributes with who may act for it, likewise");
  LdapSearch search;
  search.active = reader.active();
  const bool shared = logins.empty() && !(owners.empty() && delegates.empty());  // of shared mailboxes alone
  if (logins.empty() && !shared) logins = {"uid", "samaccountname", "userprincipalname", "mail"};
  if (addresses.empty()) addresses = {"mail", "mailalternateaddress", "proxyaddresses", "othermailbox"};
  add_all(search.attributes, logins, "login", Form::text);  // the first that an entry has is the login itself
  add_all(search.attributes, addresses, "address", Form::address);
  add_all(search.attributes, owners, "owner", Form::login);
  add_all(search.attributes, delegates, "delegate", Form::login);
  const Node* told = reader.facts(search.attributes);
  if (facts != nullptr) *facts = told;
  if (!reader.usable()) return nullptr;
  search.filter = any_of_attributes(addresses);
  out.searches[Lookup::address] = search;
  if (!shared) {
    search.filter = any_of_attributes(logins);
    out.searches[Lookup::login] = search;
  }
  return make_ldap_connector(std::move(out));
}

std::shared_ptr<const Connector> read_ldap_list(Settings& settings) {
  LdapSettings out;
  Reader reader(settings);
  reader.server(out);
  reader.filter(out.searches[Lookup::value]);
  return reader.usable() ? make_ldap_connector(std::move(out)) : nullptr;
}

}  // namespace postern::accounts
