#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/sql/dsn.h"
#include "policy/accounts/sql/sql_text.h"
#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/base/settings.h"

namespace postern::accounts {

/// A database, and a site's queries to it.
struct SqlSettings {
  Dsn dsn;
  std::string password_file;  ///< read anew for each connection; empty: none
  std::string password;       ///< where a Postfix table has it in its own file
  std::map<Lookup, SqlText> queries;
  std::chrono::milliseconds statement_timeout{3000};  ///< then the server itself gives up, too
};

/// `:login :local :domain` for a login; `:address :login :local :domain` for an address, all but the last two the
/// whole of it; `:value :local :domain` for a table.
std::span<const SqlParameter> parameters_of(Lookup lookup);

/// Understands the query of `lookup` and puts it into `settings.queries`. Mistakes go to `problems`, each at its place;
/// that a query has no parameter is a warning.
void add_query(SqlSettings& settings, Lookup lookup, const Node& query, Problems& problems);

/// SQLite, PostgreSQL or MariaDB. Values are bound as text; columns become fields, but for those that are NULL. Connects
/// to nothing. In PostgreSQL and MariaDB a host's name is looked up in a way that knows no deadline.
std::shared_ptr<const Connector> make_sql_connector(SqlSettings settings);

/// The settings of `type: sql`: `dsn`, `password-file`, and `login` and `address` (accounts) or `query` (a list). Null
/// where they are wrong, which `settings` has then told.
std::shared_ptr<const Connector> read_sql_accounts(Settings& settings);
std::shared_ptr<const Connector> read_sql_list(Settings& settings);

}  // namespace postern::accounts
