// FAULTS T71: servers and files that know the accounts go down and come back, and nobody is refused for it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/lookup_servers.h"
#include "tests/wire/outage.h"

namespace postern::test {
namespace {

constexpr int kCold = 600;

// A text for each account: its name in the place of {0}.
std::string for_each_account(fmt::string_view text) {
  std::string all;
  for (int i = 0; i < 50; ++i) all += fmt::format(fmt::runtime(text), fmt::format("u{}", i));
  for (int i = 0; i < kCold; ++i) all += fmt::format(fmt::runtime(text), fmt::format("c{}", i));
  return all;
}

void costs_nobody_a_5xx(const Plant& plant, const std::string& keys = "remember: 1s, remember-absent: 1s") {
  Outage outage(plant, keys);
  outage.run();
  outage.expect_nobody_pays();
}

TEST(Outage, OfLdapCostsNobodyA5xx) {
  if (const std::string missing = LdapServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  LdapServer server("dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: acme\ndc: acme\n" +
                    for_each_account("\ndn: uid={0},dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: {0}\n"
                                     "cn: {0}\nsn: {0}\nmail: {0}@site.test\n"));
  costs_nobody_a_5xx({.name = "ldap",
                      .directory = fmt::format("type: ldap, url: '{}', base: 'dc=acme,dc=example'", server.ldap()),
                      .login_domain = {},
                      .cold = kCold,
                      .faults = faults_of(server)});
}

TEST(Outage, OfDovecotCostsNobodyA5xx) {
  if (const std::string missing = DovecotServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  DovecotServer server(for_each_account("{0}@site.test::1001:1001::/srv/{0}::\n"));
  std::vector<Plant::Fault> faults = faults_of(server);
  std::erase_if(faults, [](const auto& fault) { return fault.name == "stopped"; });  // ended in peace it serves on
  costs_nobody_a_5xx({.name = "dovecot",
                      .directory = fmt::format("type: dovecot, socket: '{}'", server.socket()),
                      .login_domain = "@site.test",
                      .cold = kCold,
                      .faults = std::move(faults)});
}

Plant plant_of(const char* name, TableServer& server) {
  return {.name = name,
          .directory = fmt::format("type: tables, senders: ['{0}'], mailboxes: ['{0}']", server.table()),
          .login_domain = {},
          .faults = faults_of(server)};
}

TEST(Outage, OfASocketmapCostsNobodyA5xx) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::socketmap);
  costs_nobody_a_5xx(plant_of("socketmap", server));
}

TEST(Outage, OfATcpTableCostsNobodyA5xx) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::tcp);
  costs_nobody_a_5xx(plant_of("tcp_table", server));
}

TEST(Outage, OfAFileCostsNobodyAnything) {
  const TempFolder folder;
  const std::string path = folder / "accounts.yaml";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  const std::string good = "accounts:\n" + for_each_account("  {0}: {{addresses: ['{0}@site.test']}}\n");
  write(good);
  const Plant plant{.name = "file",
                    .directory = fmt::format("type: file, path: '{}'", path),
                    .login_domain = {},
                    .cold = kCold,
                    .survives = true,
                    .faults = {{"broken", [&] { write(good + "aliases: ["); }, [&] { write(good); }, 6s},
                               {"emptied", [&] { write(""); }, [&] { write(good); }, 6s},
                               {"removed", [&] { std::filesystem::remove(path); }, [&] { write(good); }, 6s}}};
  costs_nobody_a_5xx(plant, "");
}

// The same load and the same judgement, where a lookup that fails is taken for one that finds nobody.
TEST(Outage, WouldCost5xxIfAFailureMeantThatThereIsNobody) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::tcp);
  Plant plant = plant_of("lying", server);
  plant.faults = {{"lies", [&] { server.lie(); }, [&] { server.be_honest(); }}};
  Outage outage(plant);
  outage.run();
  EXPECT_GT(outage.paid(), 100) << outage.table();
}

// Where nothing is remembered, those that everybody asks for are put off as well; refused they are not.
TEST(Outage, PutsOffEverybodyWithoutStaleAnswers) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::tcp);
  Plant plant = plant_of("forgetful", server);
  plant.faults.resize(1);
  Outage outage(plant, "remember: 0s, remember-absent: 0s, stale: 0s");
  outage.run();
  EXPECT_EQ(outage.paid(), 0) << outage.table();
  EXPECT_EQ(outage.count(Mail::own, Phase::down, '2') + outage.count(Mail::known, Phase::down, '2'), 0);
  EXPECT_GT(outage.count(Mail::own, Phase::down, '4'), 50);
  EXPECT_GT(outage.count(Mail::known, Phase::down, '4'), 50);
}

}  // namespace
}  // namespace postern::test
