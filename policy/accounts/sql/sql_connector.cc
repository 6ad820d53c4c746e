#include "policy/accounts/sql/sql_connector.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "policy/accounts/secret_file.h"
#include "policy/accounts/sql/mariadb_backend.h"
#include "policy/accounts/sql/postgresql_backend.h"
#include "policy/accounts/sql/sqlite_backend.h"

namespace postern::accounts {

namespace {

using Part = KeyTemplate::Part;

constexpr std::array<SqlParameter, 3> kLogin{{{"login", Part::key}, {"local", Part::local}, {"domain", Part::domain}}};
constexpr std::array<SqlParameter, 4> kAddress{
    {{"address", Part::key}, {"login", Part::key}, {"local", Part::local}, {"domain", Part::domain}}};
constexpr std::array<SqlParameter, 3> kValue{{{"value", Part::key}, {"local", Part::local}, {"domain", Part::domain}}};

class SqlConnector final : public Connector {
 public:
  explicit SqlConnector(SqlSettings settings) : settings_(std::move(settings)) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override {
    std::string password = settings_.password;
    if (!settings_.password_file.empty()) {
      Result<std::string> secret = read_secret(settings_.password_file);
      if (!secret) return secret.error();
      password = std::move(secret).value();
    }
    Result<std::unique_ptr<Backend>> made = open(password, until);
    if (!made) return Error{fmt::format("{}: {}", describe(), made.error().message), {}};
    return made;
  }
  bool has(Lookup lookup) const override { return settings_.queries.count(lookup) > 0; }
  std::string describe() const override { return settings_.dsn.describe(); }

 private:
  Result<std::unique_ptr<Backend>> open(const std::string& password, SteadyTime until) const {
    switch (settings_.dsn.dialect) {
      case Dialect::postgresql: return connect_postgresql(settings_, password, until);
      case Dialect::mariadb: return connect_mariadb(settings_, password, until);
      case Dialect::sqlite: break;
    }
    return open_sqlite(settings_, until);
  }

  const SqlSettings settings_;
};

bool read_database(Settings& settings, SqlSettings& out) {
  const Node* dsn =
      settings.node("dsn", "text", "", "the database: postgresql://user@host/db, mysql://user@host/db or sqlite:/path");
  out.password_file =
      settings.text("password-file", "", "file with the password, readable for us and not for everybody");
  if (dsn == nullptr || !dsn->is_scalar()) {
    settings.problems().error(dsn != nullptr ? dsn->where : Place{}, "type sql needs a dsn",
                              "postgresql://user@host/db, mysql://user@host/db or sqlite:/path");
    return false;
  }
  Result<Dsn> parsed = parse_dsn(dsn->text);
  if (!parsed) {
    settings.problems().error(dsn->where, fmt::format("dsn: {}", parsed.error().message));
    return false;
  }
  out.dsn = std::move(parsed).value();
  return true;
}

void read_query(Settings& settings, std::string_view key, Lookup lookup, SqlSettings& out, bool usable,
                std::string_view doc) {
  const Node* query = settings.node(key, "query", "", doc);
  if (query != nullptr && usable) add_query(out, lookup, *query, settings.problems());
}

std::shared_ptr<const Connector> made_of(SqlSettings settings) {
  return settings.queries.empty() ? nullptr : make_sql_connector(std::move(settings));
}

}  // namespace

std::span<const SqlParameter> parameters_of(Lookup lookup) {
  switch (lookup) {
    case Lookup::login: return kLogin;
    case Lookup::address: return kAddress;
    case Lookup::value: break;
  }
  return kValue;
}

void add_query(SqlSettings& settings, Lookup lookup, const Node& query, Problems& problems) {
  if (!query.is_scalar()) return problems.error(query.where, "a query is a text");
  SqlProblem problem;
  auto parsed = parse_query(query.text, settings.dsn.dialect, parameters_of(lookup), problem);
  if (!parsed) return problems.error(query.at(problem.offset), problem.message);
  if (parsed->bound.empty()) {
    const std::string_view usual = parameters_of(lookup).front().name;
    problems.warning(query.where, "the query has no parameter and answers everybody the same",
                     fmt::format("where … = :{}", usual));
  }
  settings.queries.insert_or_assign(lookup, std::move(*parsed));
}

std::shared_ptr<const Connector> make_sql_connector(SqlSettings settings) {
  return std::make_shared<SqlConnector>(std::move(settings));
}

std::shared_ptr<const Connector> read_sql_accounts(Settings& settings) {
  SqlSettings out;
  const bool usable = read_database(settings, out);
  read_query(settings, "login", Lookup::login, out, usable, "asks for a login: where … = :login");
  read_query(settings, "address", Lookup::address, out, usable, "asks for an address: where … = :address");
  return made_of(std::move(out));
}

std::shared_ptr<const Connector> read_sql_list(Settings& settings) {
  SqlSettings out;
  const bool usable = read_database(settings, out);
  read_query(settings, "query", Lookup::value, out, usable, "is in the list what has a row: where … = :value");
  return made_of(std::move(out));
}

}  // namespace postern::accounts
