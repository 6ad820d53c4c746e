// A RedisLedger over a Cluster of three masters.
#include <array>
#include <set>
#include <string>
#include <vector>

#include "tests/limits/redis_world.h"

namespace postern::limits {
namespace {

/// Connected to all of them.
bool ready(Node& node) {
  return eventually([&] { return node.connection->generation() >= 3 && node.connection->health().problem.empty(); });
}

class RedisCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    for (int i = 0; i < 3; ++i) {
      servers.push_back(
          std::make_unique<test::RedisServer>("cluster-enabled yes\ncluster-node-timeout 2000\n"
                                              "cluster-require-full-coverage no\ncluster-port " +
                                              std::to_string(test::free_port())));
      options.servers.push_back(servers.back()->on_port());
    }
    servers[0]->command_line("cluster addslotsrange 0 5460");
    servers[1]->command_line("cluster addslotsrange 5461 10922");
    servers[2]->command_line("cluster addslotsrange 10923 16383");
    for (int i = 1; i < 3; ++i) servers[0]->command_line("cluster meet 127.0.0.1 " + meet(i));
    options.cluster = true;
    options.timeout = 2s;
    for (const auto& server : servers) {
      ASSERT_TRUE(eventually(
          [&] { return server->command_line("cluster info").find("cluster_state:ok") != std::string::npos; }));
    }
  }
  std::string meet(int i) const {
    const std::string conf = servers[static_cast<std::size_t>(i)]->command_line("config get cluster-port");
    return std::to_string(servers[static_cast<std::size_t>(i)]->port()) + " " + conf.substr(conf.rfind('\n') + 1);
  }

  std::vector<std::unique_ptr<test::RedisServer>> servers;
  store::redis::Options options;
};

TEST_F(RedisCluster, DemandsGoWhereTheirKeysAre) {
  Node node(options);
  ASSERT_TRUE(ready(node));
  const std::vector<Allowance> allow{{10, 60s}};
  std::vector<std::string> keys;
  for (int i = 0; i < 30; ++i) keys.push_back("user" + std::to_string(i));
  std::vector<Demand> demands;
  for (const std::string& key : keys) {
    demands.push_back({.limit = "mail", .key = key, .allow = allow, .amount = 3});
    demands.push_back({.limit = "other", .key = key, .allow = allow, .amount = 4});
  }
  for (int round = 1; round <= 3; ++round) {
    std::vector<Answer> answers(demands.size());
    std::vector<Hold> holds;
    node.ledger.reserve(demands, answers, holds, soon());
    for (std::size_t i = 0; i < demands.size(); ++i) {
      EXPECT_FALSE(answers[i].local) << i;
      EXPECT_EQ(answers[i].kind == Answer::Kind::over, round == 3 && demands[i].amount == 4) << i;
    }
    EXPECT_EQ(holds.size(), round == 3 ? 30U : 60U);
    node.ledger.commit(holds);
  }
  for (const std::string& key : keys) {
    const auto accounts = node.ledger.show(key, soon());
    ASSERT_EQ(accounts.size(), 2U);
    EXPECT_EQ(accounts[0].windows[0].used, 9);
    EXPECT_EQ(accounts[1].windows[0].used, 8);
  }
  EXPECT_EQ(node.ledger.top("mail", 5, soon()).size(), 5U);
  for (const auto& server : servers) EXPECT_NE(server->command_line("dbsize"), "0");
  EXPECT_EQ(node.counted("redis.not_followed"), 0);
}

TEST_F(RedisCluster, WhatIsOnAServerThatIsAwayIsCountedInShares) {
  options.nodes = 2;
  Node node(options);
  ASSERT_TRUE(ready(node));
  const std::vector<Allowance> allow{{10, 60s}};
  servers[1]->stop();
  ASSERT_TRUE(eventually([&] { return !node.connection->health().problem.empty(); }));
  std::set<bool> local;
  for (int i = 0; i < 30; ++i) {
    const std::string key = "user" + std::to_string(i);
    const std::string said = node.reserve({.limit = "mail", .key = key, .allow = allow});
    EXPECT_TRUE(said == "ok 1/10" || said == "local ok 1/5") << said;
    local.insert(said.starts_with("local"));
  }
  EXPECT_EQ(local.size(), 2U);
}

}  // namespace
}  // namespace postern::limits
