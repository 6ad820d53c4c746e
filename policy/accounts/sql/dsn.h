#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/accounts/sql/sql_text.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// Where a database is: `dsn:`. Holds no password.
struct Dsn {
  Dialect dialect = Dialect::sqlite;
  std::string uri;   ///< of PostgreSQL: as libpq takes it
  std::string path;  ///< of SQLite
  std::string host, user, database, socket;
  std::uint16_t port = 0;
  std::string ca_file;  ///< of MariaDB: TLS, and who signs the server's certificate

  /// "postgresql on db.example".
  std::string describe() const;
};

/// Understands `postgresql://[user@][host][:port]/db[?…]` (libpq's own), `mysql://[user@]host[:port]/db` with
/// `?socket=/path` and `?ssl-ca=/path`, `mariadb:` the same, and `sqlite:/path`. A password in it is an error: it belongs
/// into `password-file`. The Error never repeats the dsn.
Result<Dsn> parse_dsn(std::string_view text);

}  // namespace postern::accounts
