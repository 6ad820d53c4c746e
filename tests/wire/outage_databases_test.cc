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

// Filled in the SQL that all three understand.
std::string accounts() {
  std::string sql = "create table account (login varchar(60) primary key, address varchar(120) unique);";
  const auto add = [&sql](char letter, int count) {
    sql += "insert into account values ";
    for (int i = 0; i < count; ++i)
      sql += fmt::format("{}('{}{}', '{}{}@site.test')", i == 0 ? "" : ",", letter, i, letter, i);
    sql += ";";
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

template <class Server>
std::vector<Plant::Fault> faults_of(Server& server) {
  return {{"killed", [&] { server.kill(); }, [&] { server.start(); }},
          {"frozen", [&] { server.freeze(); }, [&] { server.thaw(); }, 5s}};
}

TEST(Outage, OfPostgresqlCostsNobodyA5xx) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(accounts() + "create role reader login; grant select on account to reader;");
  Plant plant = plant_of("postgresql", server.dsn("postgres"));
  plant.faults = faults_of(server);
  Outage outage(plant);
  outage.run();
  outage.expect_nobody_pays();
}

TEST(Outage, OfMariadbCostsNobodyA5xx) {
  if (const std::string missing = MariadbServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  MariadbServer server(
      "create database if not exists mail; create user if not exists reader@localhost;\n"
      "grant select on mail.* to reader@localhost; use mail; drop table if exists account;\n" +
      accounts() + "\n");
  Plant plant = plant_of("mariadb", server.dsn("reader"));
  plant.faults = faults_of(server);
  Outage outage(plant);
  outage.run();
  outage.expect_nobody_pays();
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
  Outage outage(plant);
  outage.run();
  outage.expect_nobody_pays();
}

}  // namespace
}  // namespace postern::test
