// FAULTS T71: databases of accounts go down and come back, and nobody is refused for it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/real_server.h"
#include "tests/wire/outage.h"

namespace postern::test {
namespace {

constexpr int kCold = 3000;

constexpr const char* kQueries =
    "login: 'select login, address from account where login = :login', "
    "address: 'select login as owner from account where address = :address'";

// In the SQL that all three understand; a statement a line, and none too long, for MariaDB's sake.
std::string accounts() {
  std::string sql = "create table account (login varchar(60) primary key, address varchar(120) unique);\n";
  const auto add = [&sql](char letter, int count) {
    for (int i = 0; i < count; ++i) {
      sql += i % 100 == 0 ? "insert into account values " : ", ";
      sql += fmt::format("('{0}{1}', '{0}{1}@site.test')", letter, i);
      if (i % 100 == 99 || i == count - 1) sql += ";\n";
    }
  };
  add('u', 50);
  add('c', kCold);
  return sql;
}

Plant plant_of(std::string name, const std::string& dsn, const std::string& further = {}) {
  return {.name = std::move(name),
          .directory = fmt::format("type: sql, dsn: '{}', {}{}", dsn, kQueries, further),
          .login_domain = {},
          .cold = kCold,
          .faults = {}};
}

TEST(Outage, OfPostgresqlCostsNobodyA5xx) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(accounts());
  Plant plant = plant_of("postgresql", server.dsn("postgres"));
  plant.faults = faults_of(server);
  costs_nobody_a_5xx(plant);
}

TEST(Outage, OfMariadbCostsNobodyA5xx) {
  if (const std::string missing = MariadbServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  MariadbServer server("create database if not exists mail;\nuse mail;\ndrop table if exists account;\n" + accounts() +
                       "create user if not exists reader@localhost;\ngrant select on mail.* to reader@localhost;\n");
  Plant plant = plant_of("mariadb", server.dsn("reader"));
  plant.faults = faults_of(server);
  costs_nobody_a_5xx(plant);
}

// Whoever writes a database in place, and fails.
TEST(Outage, OfASqliteFileCostsNobodyA5xx) {
  if (program("sqlite3").empty()) GTEST_SKIP() << "sqlite3 is missing";
  const TempFolder folder;
  const std::string file = folder / "accounts.db";
  sqlite(file, accounts());
  std::filesystem::copy_file(file, folder / "good.db");
  const auto put_back = [&] {
    std::filesystem::copy_file(folder / "good.db", folder / "new.db",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder / "new.db", file);
  };
  Plant plant = plant_of("sqlite", "sqlite:" + file);
  plant.faults = {
      {"garbage", [&] { std::ofstream(file, std::ios::in) << std::string(std::filesystem::file_size(file), '\xa5'); },
       put_back},
      {"emptied", [&] { std::ofstream(file, std::ios::trunc); }, put_back},
      {"removed", [&] { std::filesystem::remove(file); }, put_back}};
  costs_nobody_a_5xx(plant);
}

}  // namespace
}  // namespace postern::test
