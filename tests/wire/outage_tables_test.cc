// FAULTS T71: tables that are looked up over a socket go down, lie, are slow, and come back.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/lookup_servers.h"
#include "tests/wire/outage.h"

namespace postern::test {
namespace {

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

// What is late at a recipient is decided at the end of the message.
TEST(Outage, OfASlowTableCostsNobodyA5xx) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::socketmap);
  Plant plant = plant_of("slow", server);
  plant.faults = {{"slow", [&] { server.slow_down(); }, [&] { server.behave(); }, 8s}};
  Outage outage(plant);
  outage.run();
  EXPECT_EQ(outage.paid(), 0) << outage.table();
  EXPECT_LT(outage.slowest(), 8s);
  EXPECT_GT(outage.count(Mail::own, Phase::down, '2'), 0);
  for (const Mail wrong : {Mail::unknown, Mail::foreign}) EXPECT_EQ(outage.count(wrong, Phase::down, '2'), 0);
}

// The same load and the same judgement, where a lookup that fails is taken for one that finds nobody.
TEST(Outage, WouldCost5xxIfAFailureMeantThatThereIsNobody) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::tcp);
  Plant plant = plant_of("lying", server);
  plant.faults = {{"lies", [&] { server.lie(); }, [&] { server.behave(); }}};
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
