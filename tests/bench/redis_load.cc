// What several machines ask of one Redis: redis_load SERVER [nodes] [threads] [seconds] [keys]
//
// Each node is a process with one connection; its threads wait for their answers, so there are as many in flight. A decision is a
// reservation that is waited for and a commit that is told. INCR and a script that does nothing go the same way, to compare with.
// Prints JSON: of each kind how many a second, µs of CPU each of the nodes and of Redis, how long they were waited for.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "policy/limits/memory_ledger.h"
#include "policy/limits/redis_ledger.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using store::redis::Command;
using store::redis::Connection;

struct Load {
  store::redis::Options redis;
  int nodes = 2;
  int threads = 32;
  int seconds = 5;
  std::uint64_t keys = 10'000;
};

/// What one node has done.
struct Done {
  std::int64_t count = 0, failed = 0, lost = 0;
  double cpu_seconds = 0;
  float p50 = 0, p99 = 0;  // µs
};

struct Node {
  explicit Node(const store::redis::Options& options)
      : connection(Connection::make(options, counters).value()), ledger({}, *connection, local, counters) {
    while (!connection->is_up()) std::this_thread::sleep_for(1ms);
  }

  Counters counters;
  SystemClock clock;
  MemoryLedger local{{}, clock, counters, nullptr};
  std::shared_ptr<Connection> connection;
  RedisLedger ledger;
};

/// One of a kind, of this key: whether it was done.
using Act = std::function<bool(Node& node, const std::string& key)>;

bool ask(Node& node, const Command& command) {
  return node.connection->ask({&command, 1}, Deadline(steady_clock::now() + 5s))[0].available();
}

/// Of `limits` limits, each with these windows; the answer is to be `taken`.
Act decision(std::size_t limits, std::vector<Allowance> allow, bool taken) {
  return [=](Node& node, const std::string& key) {
    constexpr std::array<std::string_view, 3> kNames{"per-login", "per-domain", "per-sender"};
    std::vector<Demand> demands;
    for (std::size_t i = 0; i < limits; ++i) demands.push_back({.limit = kNames[i], .key = key, .allow = allow});
    std::vector<Answer> answers(limits);
    std::vector<Hold> holds;
    node.ledger.reserve(demands, answers, holds, Deadline(steady_clock::now() + 5s));
    if (!holds.empty()) node.ledger.commit(holds);
    return holds.size() == (taken ? limits : 0) && answers[0].kind != Answer::Kind::unavailable && !answers[0].local;
  };
}

/// One recipient of a thousand, who counts once.
bool count_value(Node& node, const std::string& key) {
  static std::atomic<std::uint64_t> next{0};
  const std::string value = fmt::format("to{}@example.net", next++ % 1000);
  const std::vector<Allowance> allow{{1'000'000, 60s}, {10'000'000, 24h}};
  const Demand demand{.limit = "to", .key = key, .unit = Unit::distinct_recipients, .allow = allow, .value = value};
  std::vector<Answer> answers(1);
  std::vector<Hold> holds;
  node.ledger.reserve({&demand, 1}, answers, holds, Deadline(steady_clock::now() + 5s));
  if (!holds.empty()) node.ledger.commit(holds);
  return holds.size() == 1 && !answers[0].local;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Done run_node(const Load& load, int number, const Act& act) {
  Node node(load.redis);
  std::vector<std::vector<float>> took(static_cast<std::size_t>(load.threads));
  std::atomic<std::int64_t> failed{0};
  const auto until = steady_clock::now() + std::chrono::seconds(load.seconds);
  const double before = cpu_seconds();
  std::vector<std::thread> threads;
  for (int t = 0; t < load.threads; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t dice = static_cast<std::uint64_t>(number * 1000 + t);
      for (auto now = steady_clock::now(); now < until;) {
        dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
        if (!act(node, fmt::format("user{}@example.org", (dice >> 33) % load.keys))) ++failed;
        const auto done = steady_clock::now();
        took[static_cast<std::size_t>(t)].push_back(std::chrono::duration<float, std::micro>(done - now).count());
        now = done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<float> all;
  for (const auto& some : took) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  ask(node, Command("PING"));  // what was told is done
  return {.count = static_cast<std::int64_t>(all.size()),
          .failed = failed,
          .lost = node.counters.get("redis.lost").value(),
          .cpu_seconds = cpu_seconds() - before,
          .p50 = all[all.size() / 2],
          .p99 = all[all.size() * 99 / 100]};
}

/// Of what INFO tells, a number.
double info(Connection& connection, const char* section, std::string_view name) {
  const Command command = std::move(Command("INFO").arg(section));
  const std::string text = connection.ask({&command, 1}, Deadline(steady_clock::now() + 5s))[0].text;
  const std::size_t at = text.find(name);
  return at != std::string::npos ? std::atof(text.c_str() + at + name.size() + 1) : 0;
}

double redis_cpu(Connection& connection) {
  return info(connection, "cpu", "used_cpu_sys") + info(connection, "cpu", "used_cpu_user");
}

struct Server {
  double cpu_seconds = 0;
  double bytes = 0;
  double keys = 0;
};

/// In a process of its own: a connection has a thread, and processes with threads had better not fork.
template <class Result, class Work>
int in_child(int out, Work work) {
  const int child = fork();
  if (child != 0) return child;
  const Result result = work();
  _exit(write(out, &result, sizeof result) == sizeof result ? 0 : 1);
}

template <class Result>
std::vector<Result> results(int in, int count) {
  std::vector<Result> all(static_cast<std::size_t>(count));
  for (Result& one : all) {
    if (read(in, &one, sizeof one) != sizeof one) std::exit(1);
    wait(nullptr);
  }
  return all;
}

Server ask_server(const Load& load, const int (&pipe)[2]) {
  in_child<Server>(pipe[1], [&] {
    Counters counters;
    const auto connection = Connection::make(load.redis, counters).value();
    while (!connection->is_up()) std::this_thread::sleep_for(1ms);
    const Command size("DBSIZE");
    const auto keys = connection->ask({&size, 1}, Deadline(steady_clock::now() + 5s))[0].integer;
    return Server{redis_cpu(*connection), info(*connection, "memory", "used_memory"), static_cast<double>(keys)};
  });
  return results<Server>(pipe[0], 1)[0];
}

void measure(const Load& load, const char* what, const Act& act, bool last) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const Server before = ask_server(load, ends);
  for (int i = 0; i < load.nodes; ++i) in_child<Done>(ends[1], [&, i] { return run_node(load, i, act); });
  Done all;
  for (const Done& one : results<Done>(ends[0], load.nodes)) {
    all.count += one.count;
    all.failed += one.failed;
    all.lost += one.lost;
    all.cpu_seconds += one.cpu_seconds;
    all.p50 = std::max(all.p50, one.p50);
    all.p99 = std::max(all.p99, one.p99);
  }
  const Server after = ask_server(load, ends);
  const auto count = static_cast<double>(all.count);
  const double keys = std::max(1.0, after.keys - before.keys);
  fmt::print(
      "{{\"what\": \"{}\", \"per_second\": {:.0f}, \"node_us\": {:.2f}, \"redis_us\": {:.2f}, \"p50_us\": {:.0f}, "
      "\"p99_us\": {:.0f}, \"not_done\": {}, \"lost\": {}, \"bytes_a_key\": {:.0f}}}{}\n",
      what, count / load.seconds, all.cpu_seconds * 1e6 / count, (after.cpu_seconds - before.cpu_seconds) * 1e6 / count,
      all.p50, all.p99, all.failed, all.lost, (after.bytes - before.bytes) / keys, last ? "]" : ",");
  std::fflush(stdout);
}

}  // namespace
}  // namespace postern::limits

int main(int argc, char** argv) {
  using namespace postern::limits;
  if (argc < 2) {
    fmt::print(stderr, "usage: redis_load SERVER [nodes] [threads] [seconds] [keys]\n");
    return 2;
  }
  const auto argument = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  Load load;
  const auto server = postern::store::redis::parse_server(argv[1], {});
  if (!server) return 2;
  load.redis.servers = {server.value()};
  load.redis.timeout = std::chrono::seconds(2);
  load.nodes = argument(2, load.nodes);
  load.threads = argument(3, load.threads);
  load.seconds = argument(4, load.seconds);
  load.keys = static_cast<std::uint64_t>(argument(5, static_cast<int>(load.keys)));
  const postern::store::redis::Script nothing("return 1");
  const std::string argument_bytes(100, 'x');
  const std::vector<postern::limits::Allowance> wide{{1'000'000, 60s}, {10'000'000, 24h}};
  fmt::print("[");
  measure(
      load, "incr", [](Node& node, const std::string& key) { return ask(node, Command("INCR").key(key)); }, false);
  measure(
      load, "empty script",
      [&](Node& node, const std::string& key) {
        return ask(node, Command(nothing).key(key).arg(argument_bytes).arg(key));
      },
      false);
  measure(load, "decision", decision(1, wide, true), false);
  measure(load, "decision of 3 limits", decision(3, wide, true), false);
  measure(load, "refusal", decision(1, {{0, 60s}, {0, 24h}}, false), false);
  measure(load, "value", count_value, true);
  return 0;
}
