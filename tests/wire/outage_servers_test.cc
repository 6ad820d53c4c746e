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

}  // namespace
}  // namespace postern::test
