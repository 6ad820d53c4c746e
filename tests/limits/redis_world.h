#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/limits/memory_ledger.h"
#include "policy/limits/redis_ledger.h"
#include "policy/store/redis/connection.h"

#include "tests/support/redis_server.h"

namespace postern::limits {

using namespace std::chrono_literals;

inline Deadline soon(std::chrono::milliseconds in = 5s) { return Deadline(std::chrono::steady_clock::now() + in); }

template <class Condition>
bool eventually(Condition holds, std::chrono::seconds patience = 20s) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// One of several machines, with its connection and its own ledger.
struct Node {
  explicit Node(const store::redis::Options& options, const RedisLedger::Options& of_ledger = {})
      : connection(store::redis::Connection::make(options, counters).value()),
        ledger(of_ledger, *connection, local, counters) {}

  /// Waits for the connection.
  bool ready() {
    return eventually([&] { return connection->is_up(); });
  }
  /// "ok 3/10", "near 8/10", "over 10/10 next 60000", "unavailable", with "local" in front where it is.
  std::string reserve(Demand demand) {
    std::vector<Answer> answers(1);
    ledger.reserve({&demand, 1}, answers, holds, soon());
    return text(answers[0], demand);
  }
  std::string look(Demand demand) {
    std::vector<Answer> answers(1);
    ledger.look({&demand, 1}, answers, soon());
    return text(answers[0], demand);
  }
  static std::string text(const Answer& answer, const Demand& demand) {
    constexpr std::array<const char*, 4> kKinds{"ok", "near", "over", "unavailable"};
    std::string out = (answer.local ? "local " : "") + std::string(kKinds[static_cast<std::size_t>(answer.kind)]);
    if (answer.kind == Answer::Kind::unavailable) return out;
    for (std::size_t i = 0; i < demand.allow.size(); ++i)
      out += " " + std::to_string(answer.used[i]) + "/" + std::to_string(answer.allow[i]);
    return out;
  }
  void commit() {
    ledger.commit(holds);
    holds.clear();
  }
  void release() {
    ledger.release(holds);
    holds.clear();
  }
  /// All that was told has been done.
  void settle() {
    const store::redis::Command ping("PING");
    connection->ask({&ping, 1}, soon());
  }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }

  Counters counters;
  SystemClock clock;
  MemoryLedger local{{}, clock, counters, nullptr};
  std::shared_ptr<store::redis::Connection> connection;
  RedisLedger ledger;
  std::vector<Hold> holds;
};

inline store::redis::Options options_of(const test::RedisServer& server) {
  store::redis::Options options;
  options.servers = {server.on_socket()};
  options.timeout = 2s;  // the machine of tests is slow now and then; where the time-out is the matter, they say so
  return options;
}

/// A Redis, and one machine that counts in it.
class OneRedis : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::RedisServer::missing(); !missing.empty())
      GTEST_SKIP() << missing << " is not installed";
    server = std::make_unique<test::RedisServer>();
    node = std::make_unique<Node>(options_of(*server));
    ASSERT_TRUE(node->ready());
  }
  Demand messages(std::int64_t amount = 1, std::string_view key = "sam") const {
    return {.limit = "mail", .key = key, .allow = allow, .amount = amount};
  }
  Demand of_value(Unit unit, std::string_view value) const {
    return {.limit = "to", .key = "sam", .unit = unit, .allow = allow, .value = value};
  }

  std::vector<Allowance> allow{{10, 60s}};
  std::unique_ptr<test::RedisServer> server;
  std::unique_ptr<Node> node;
};

}  // namespace postern::limits
