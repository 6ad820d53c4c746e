#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/accounts/lookup.h"
#include "policy/base/problem.h"

namespace postern::accounts {

/// Postfix's own description of a table in a database or a directory, as a Connector with Lookup::value: the reply is
/// one row, whose value has all results with commas between them.
///
/// `type` is pgsql, mysql, sqlite or ldap, `path` the `.cf` file. Understood are
///
///     domain result_format expansion_limit                       of all
///     hosts user password dbname query                           of pgsql and mysql; tls_CAfile of mysql
///     dbpath query                                               of sqlite
///     server_host server_port search_base query_filter result_attribute special_result_attribute bind bind_dn bind_pw
///     version start_tls tls_ca_cert_file tls_require_cert        of ldap
///
/// What would change answers and is not understood is an error; waiting times, which are ours, are passed over. A
/// server's certificate is checked unless tls_require_cert says no. The query and the filter are bound and escaped as our
/// own are. Messages have names of parameters and never a password. Null where there is an error.
std::shared_ptr<const Connector> read_postfix_table(std::string_view type, const std::string& path, Problems& problems);

}  // namespace postern::accounts
