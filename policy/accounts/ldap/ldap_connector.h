#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/key_template.h"
#include "policy/accounts/lookup.h"
#include "policy/base/settings.h"

namespace postern::accounts {

/// What a search in an LDAP directory asks for, and what becomes of the entries: of each a row.
struct LdapSearch {
  /// What becomes of a value.
  enum class Form {
    text,     ///< as it is
    address,  ///< without the `smtp:` of proxyAddresses; what has another such prefix is left out
    login,    ///< of a name (a DN) the value of its first component, else as it is
  };
  struct Attribute {
    std::string name;  ///< lower case
    std::string field;
    Form form = Form::text;
  };
  KeyTemplate filter;
  std::string active;  ///< a filter; entries that it finds have a field active = yes, others no. Empty: no such field
  std::vector<Attribute> attributes;
  std::string follow;  ///< an attribute with names of entries, whose attributes are taken in, too; empty: none
};

/// An LDAP directory, and what is asked there.
struct LdapSettings {
  std::vector<std::string> urls;  ///< ldap://, ldaps:// or ldapi://; those behind the first where it is not there
  std::string base;
  std::string bind_dn;        ///< empty: nobody binds
  std::string password_file;  ///< read anew for each connection
  std::string password;       ///< where a Postfix table has it in its own file
  bool start_tls = false;
  bool verify = true;  ///< the server's certificate
  std::string ca_file;
  std::map<Lookup, LdapSearch> searches;
};

/// Connects to nothing. A host's name is looked up in a way that knows no deadline.
std::shared_ptr<const Connector> make_ldap_connector(LdapSettings settings);

/// The settings of `type: ldap`: `url`, `base`, `bind`, `password-file`, `start-tls`, `verify`, `ca-file`, and what is
/// told of accounts: `login`, `addresses`, `active`, `owners`, `delegates` and `facts`. Fields are `login`, `address`,
/// `owner`, `delegate`, `active`, and `fact.NAME`. Null where they are wrong, which `settings` has then told. Where
/// `facts` is not null, it becomes the setting of that name.
std::shared_ptr<const Connector> read_ldap_accounts(Settings& settings, const Node** facts = nullptr);
/// The same of a list: `filter`, with {value}.
std::shared_ptr<const Connector> read_ldap_list(Settings& settings);

}  // namespace postern::accounts
