#pragma once

#include <memory>
#include <string>

#include "policy/accounts/ldap/ldap_connector.h"
#include "policy/accounts/lookup.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// An LDAP directory by libldap, one handle. `settings` outlives it.
Result<std::unique_ptr<Backend>> connect_ldap(const LdapSettings& settings, const std::string& password,
                                              SteadyTime until);

}  // namespace postern::accounts
