// Limits whose numbers stand in a directory: they hold as soon as it says them, and while it is away nobody is refused
// for good.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/real_server.h"
#include "tests/wire/limits_world.h"

namespace postern::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kEva = "eva@site.test";
constexpr const char* kTom = "tom@site.test";
constexpr const char* kLimits =
    "  user: {per: login, count: recipients, allow: account.daily/24h, else: 2/24h, when: direction is submission}\n";
constexpr const char* kRule = "  - {name: user-limit, when: limit.user is over, defer: true}\n";

std::string directory(const std::string& keys) {
  return "accounts:\n  - {name: people, " + keys + ", remember: 1s, remember-absent: 1s, timeout: 1s}\n";
}

std::string sql(const std::string& dsn) {
  return directory("type: sql, dsn: '" + dsn +
                   "', login: 'select login, address, daily from account where login = :login', "
                   "address: 'select login as owner from account where address = :address', facts: {daily: number}");
}

constexpr const char* kAccounts =
    "create table account (login text primary key, address text, daily integer);"
    "insert into account values ('eva@site.test', 'eva@site.test', 3), ('tom@site.test', 'tom@site.test', null);";

TEST(LimitsOfPostgresql, HoldAsSoonAsARowSaysSo) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(kAccounts);
  const LimitsWorld w(kLimits, kRule, sql(server.dsn("postgres")));
  EXPECT_EQ(w.send(kEva, 3), "");
  EXPECT_THAT(w.send(kEva), HasSubstr("limit user: 3 of 3/24h"));
  EXPECT_EQ(w.send(kTom, 2), "");  // NULL: `else:` holds
  EXPECT_THAT(w.send(kTom), HasSubstr("limit user: 2 of 2/24h"));
  EXPECT_EQ(w.send("nobody@site.test", 2), "");
  EXPECT_THAT(w.send("nobody@site.test"), HasSubstr("2 of 2/24h"));

  server.execute("update account set daily = 5 where login = 'eva@site.test'");
  EXPECT_TRUE(comes_true(5s, [&] { return w.send(kEva, 2).empty(); }));
  EXPECT_THAT(w.send(kEva), HasSubstr("5 of 5/24h"));
  server.execute("update account set daily = 0 where login = 'tom@site.test'");
  EXPECT_TRUE(comes_true(5s, [&] { return w.send(kTom).starts_with("550 5.7.1"); }));  // nothing is allowed at all
}

TEST(LimitsOfPostgresql, FallBackToElseWhileItIsAway) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(kAccounts);
  server.execute("insert into account values ('ida@site.test', 'ida@site.test', 1)");
  const LimitsWorld w(kLimits, kRule, sql(server.dsn("postgres")));
  EXPECT_EQ(w.send(kEva, 3), "");
  server.stop();
  std::this_thread::sleep_for(1500ms);
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));  // more than `else:` by now, or what is remembered
  EXPECT_EQ(w.send("ida@site.test", 2), "");           // never asked for: `else:`
  EXPECT_THAT(w.send("ida@site.test"), HasSubstr("2 of 2/24h"));
  EXPECT_EQ(w.send(kTom), "");
  server.start();
  EXPECT_TRUE(comes_true(20s, [&] { return w.send("ida@site.test").find("2 of 1/24h") != std::string::npos; }));
}

TEST(LimitsOfPostgresql, RefuseNobodyForGoodWhileItGoesUpAndDown) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(kAccounts);
  const LimitsWorld w(kLimits, kRule, sql(server.dsn("postgres")));
  w.send(kEva, 3);
  const auto expect_no_5xx = [&] {
    for (const char* who : {kEva, kTom, "nobody@site.test"}) {
      const std::string told = w.send(who);
      EXPECT_TRUE(told.empty() || told.front() == '4') << who << ": " << told;
    }
  };
  for (int round = 0; round < 2; ++round) {
    server.kill();
    for (int i = 0; i < 3; ++i) expect_no_5xx();
    server.start();
    for (int i = 0; i < 3; ++i) expect_no_5xx();
  }
  server.freeze();
  expect_no_5xx();
  server.thaw();
}

TEST(LimitsOfPostgresql, RefuseNothingForGoodByElseWhileItIsAway) {
  if (const std::string missing = PostgresServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  PostgresServer server;
  server.execute(kAccounts);
  const LimitsWorld w(
      "  volume: {per: login, count: bytes, allow: account.daily/24h, else: 2/24h, when: direction is submission}\n",
      "  - {name: volume, when: limit.volume is over, defer: true}\n", sql(server.dsn("postgres")));
  server.execute("update account set daily = 1000 where login = 'eva@site.test'");
  EXPECT_EQ(w.send(kEva), "");
  EXPECT_THAT(w.send(kTom), StartsWith("550 5.7.1"));  // larger than he may at all
  server.stop();
  std::this_thread::sleep_for(1500ms);
  EXPECT_THAT(w.send("ida@site.test"), StartsWith("451 4.7.1"));  // he might have more
}

TEST(LimitsOfLdap, HoldWhatTheEntrySays) {
  if (const std::string missing = LdapServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  LdapServer server(
      "dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: acme\ndc: acme\n"
      "\ndn: uid=eva,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: eva\ncn: eva\nsn: eva\n"
      "mail: eva@site.test\nemployeeNumber: 3\n"
      "\ndn: uid=tom,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: tom\ncn: tom\nsn: tom\n"
      "mail: tom@site.test\nemployeeNumber: many\n");
  const LimitsWorld w(kLimits, kRule,
                      directory("type: ldap, url: '" + server.ldap() +
                                "', base: 'dc=acme,dc=example', login: [mail], addresses: [mail], "
                                "facts: {daily: employeeNumber}"));
  EXPECT_EQ(w.send(kEva, 3), "");
  EXPECT_THAT(w.send(kEva), HasSubstr("3 of 3/24h"));
  EXPECT_EQ(w.send(kTom, 2), "");  // no number: `else:` holds
  EXPECT_THAT(w.send(kTom), HasSubstr("2 of 2/24h"));
  server.stop();
  EXPECT_THAT(w.send(kEva), StartsWith("451"));
  EXPECT_EQ(w.send("new@site.test"), "");
}

}  // namespace
}  // namespace postern::test
