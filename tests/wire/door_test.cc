// FAULTS T6, T7: clients that say nothing, half of something or nonsense, and descriptors that run out.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <thread>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr auto kPatience = 1500ms;
constexpr const char* kPatienceText = "1500";

std::vector<std::string> impatient(const std::string& without = {}) {
  std::vector<std::string> arguments = {"--test-patience", kPatienceText};
  if (!without.empty()) arguments.insert(arguments.end(), {"--test-without", without});
  return arguments;
}

// Whether the daemon ends the connection. It is read to its end.
bool is_let_go(const MilterClient& c, std::chrono::milliseconds patience) {
  char bytes[4096];
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left <= 0ms || !c.readable(left)) return false;
    if (recv(c.fd(), bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return true;
  }
}

std::string answer_to_a_message(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  return c.message("<a@x.test>", "<r@site.test>");
}

std::vector<MilterClient> half_packets(const Daemon& daemon, int count) {
  std::vector<MilterClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(daemon.client());
    if (i % 2 == 0) clients.back().greet();
    clients.back().raw(std::string("\0\0\0\x10M<half", static_cast<std::size_t>(2 + i % 9)));
  }
  return clients;
}

TEST(Door, LetsGoOfHalfPackets) {
  Daemon daemon({.arguments = impatient()});
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
  std::vector<MilterClient> clients = half_packets(daemon, 40);
  for (const MilterClient& c : clients) EXPECT_TRUE(is_let_go(c, 20s));
  const auto let_go = [&] { return daemon.counter("milter.stalled") + daemon.counter("milter.silent"); };
  EXPECT_TRUE(comes_true(10s, [&] { return let_go() >= 40; }));
  EXPECT_EQ(let_go(), 40);  // silent are those that came to their half packet too late
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_TRUE(comes_true(20s, [&] { return daemon.threads().count("postern-milter") <= 10; }));
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
}

TEST(Door, CouldNotLetGoOfHalfPacketsWithoutTheLimit) {
  Daemon daemon({.arguments = impatient("packet-limit")});
  std::vector<MilterClient> clients = half_packets(daemon, 10);
  std::this_thread::sleep_for(2 * kPatience);
  for (const MilterClient& c : clients) EXPECT_FALSE(is_let_go(c, 1ms));
}

// A byte now and then does not renew the patience.
TEST(Door, LetsGoOfAPacketThatTrickles) {
  Daemon daemon({.arguments = impatient()});
  MilterClient c = daemon.client();
  c.greet();
  c.raw(std::string("\0\0\x10\0M", 5));
  bool gone = false;
  for (int i = 0; i < 1000 && !gone; ++i) {
    std::this_thread::sleep_for(kPatience / 10);
    gone = send(c.fd(), "x", 1, MSG_NOSIGNAL) < 0;
  }
  EXPECT_TRUE(gone);
  EXPECT_EQ(daemon.counter("milter.stalled"), 1);
}

// Whether the daemon gives up on a client that asks and never takes an answer.
bool gives_up_on_a_deaf_client(const Daemon& daemon, std::chrono::milliseconds patience) {
  MilterClient c = daemon.client();
  c.greet();
  const std::string question = std::string("\0\0\0\x06U", 5) + std::string("NOOP\0", 5);
  return comes_true(patience, [&] {
    for (;;) {
      const ssize_t sent = send(c.fd(), question.data(), question.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) return errno != EAGAIN;
    }
  });
}

TEST(Door, LetsGoOfAClientThatTakesNoAnswers) {
  Daemon daemon({.arguments = impatient()});
  EXPECT_TRUE(gives_up_on_a_deaf_client(daemon, 20s));
  Daemon patient({.arguments = impatient("packet-limit")});
  EXPECT_FALSE(gives_up_on_a_deaf_client(patient, 2 * kPatience));
}

TEST(Door, LetsGoOfSilentClients) {
  Daemon daemon({.arguments = impatient()});
  const std::size_t threads = daemon.threads().size();
  std::vector<MilterClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(daemon.client());
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
  EXPECT_LE(daemon.threads().size(), threads + 5);
  for (const MilterClient& c : clients) EXPECT_TRUE(is_let_go(c, 20s));
  EXPECT_TRUE(comes_true(10s, [&] { return daemon.counter("milter.silent") >= 50; }));
}

TEST(Door, CouldNotLetGoOfSilentClientsWithoutTheLimit) {
  Daemon daemon({.arguments = impatient("silence-limit")});
  std::vector<MilterClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(daemon.client());
  std::this_thread::sleep_for(2 * kPatience);
  for (const MilterClient& c : clients) EXPECT_FALSE(is_let_go(c, 1ms));
}

TEST(Door, LetsSlowStartersIn) {
  Daemon daemon({});
  MilterClient c = daemon.client();
  std::this_thread::sleep_for(50ms);
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<r@site.test>"), "continue");
}

// libmilter takes them one by one, and waits before each.
TEST(Door, LetsThoseInThatAreReadyTogether) {
  Daemon daemon({});
  const long before = daemon.counter("milter.connections");
  std::vector<MilterClient> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back(daemon.socket_path(), 4s);  // libmilter looks after 5
  ASSERT_TRUE(comes_true(10s, [&] { return daemon.counter("milter.connections") >= before + 3; }));
  std::this_thread::sleep_for(100ms);  // all are in the hall
  daemon.signal(SIGSTOP);
  for (MilterClient& c : clients) c.packet('O', std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12));
  daemon.signal(SIGCONT);
  for (MilterClient& c : clients) {
    char command = 0;
    std::string data;
    EXPECT_TRUE(c.read_packet(command, data));
  }
}

TEST(Door, KeepsNoMoreThanAThousandSilentClients) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < 3000) GTEST_SKIP() << "wants to open 3000 files";
  files.rlim_cur = 3000;
  setrlimit(RLIMIT_NOFILE, &files);
  Daemon daemon({});
  std::vector<MilterClient> clients;
  for (int i = 0; i < 1200; ++i) clients.push_back(daemon.client());
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
  EXPECT_TRUE(comes_true(20s, [&] { return daemon.counter("milter.silent") >= 200; }));
  EXPECT_TRUE(is_let_go(clients.front(), 10s));
  EXPECT_FALSE(is_let_go(clients.back(), 1ms));
}

// FAULTS M8: 200 clients and 64 descriptors, from the start.
std::vector<MilterClient> flood(const Daemon& daemon, bool silent) {
  std::vector<MilterClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(daemon.client());
    if (!silent) clients.back().packet('O', std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12));
  }
  return clients;
}

TEST(Door, OutlivesAFloodWithFewDescriptors) {
  for (const bool silent : {false, true}) {
    Daemon daemon({.files = 64});
    EXPECT_EQ(answer_to_a_message(daemon), "continue");
    std::vector<MilterClient> clients = flood(daemon, silent);
    ASSERT_TRUE(daemon.says("event=fault level=error part=files"));
    const double before = daemon.cpu_seconds();
    ASSERT_GE(before, 0);
    std::this_thread::sleep_for(2s);
    EXPECT_LT(daemon.cpu_seconds() - before, 0.2) << silent;
    EXPECT_GE(daemon.counter("milter.pauses"), 1) << "the control socket is served beside";
    clients.clear();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(answer_to_a_message(daemon), "continue") << silent;
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s) << silent;
  }
}

// They give their places to a client that says something.
TEST(Door, ServesOthersBesideSilentClientsThatTakeEveryDescriptor) {
  Daemon daemon({.files = 64});
  const std::vector<MilterClient> clients = flood(daemon, true);
  EXPECT_EQ(MilterClient(daemon.socket_path(), 60s).negotiate().answered, true);
  EXPECT_GT(daemon.counter("milter.silent"), 0);
}

TEST(Door, CouldNotOutliveItInPeaceWithoutTheGuard) {
  bool in_peace = true;
  for (int round = 0; round < 5 && in_peace; ++round) {
    Daemon daemon({.arguments = {"--test-without", "file-guard"}, .files = 64});
    const std::vector<MilterClient> clients = flood(daemon, false);
    // It runs in a circle for nothing, or libmilter gives up.
    in_peace = !comes_true(15s, [&] { return !daemon.alive() || daemon.cpu_seconds() > 0.6; });
  }
  EXPECT_FALSE(in_peace);
}

// FAULTS T7.
TEST(Door, SurvivesGarbage) {
  Daemon daemon({.rules = "  - {name: size, when: 'size > 100 MB', reject: true}\n"});
  std::mt19937 random(20261122);
  int packets = 0;
  for (int round = 0; packets < in_long_runs(1'000'000, 100'000); ++round) {
    MilterClient c = daemon.client();
    if (round % 3 != 0) c.packet('O', std::string("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12));
    std::string bytes;
    for (auto left = 1 + random() % 60; left > 0; --left, ++packets) {
      std::string data(random() % 60, '\0');
      for (char& byte : data) byte = static_cast<char>(random());
      if (random() % 2 == 0) data += '\0';
      constexpr char kCommands[] = "CHMRTLNBEAKUDCHMRTLNBEACHMRTLNBEAOQxy";
      const std::uint32_t size = htonl(static_cast<std::uint32_t>(data.size() + 1));
      if (random() % 50 != 0) {
        bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
        bytes += kCommands[random() % (sizeof kCommands - 1)];
      }
      bytes += data;
    }
    c.raw(bytes);
    if (random() % 2 == 0) is_let_go(c, 1ms);
  }
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_EQ(daemon.said("event=fault"), 0U) << daemon.log().substr(0, 4000);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended(), 0);
}

TEST(Door, SurvivesConnectionsThatAreGoneAtOnce) {
  Daemon daemon({});
  for (int i = 0; i < in_long_runs(100'000, 3000); ++i) daemon.client();
  EXPECT_EQ(answer_to_a_message(daemon), "continue");
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
}

// How long forty commands take that come over TCP as MTAs write them: in small pieces, each held back until the one
// before is acknowledged (Nagle).
std::chrono::milliseconds time_of_small_writes(const std::vector<std::string>& arguments) {
  const std::string address = "inet:" + std::to_string(free_port()) + "@127.0.0.1";
  Daemon daemon({.rules = "  - {name: a, when: 'recipient == \"nobody@site.test\"', reject: true}\n",
                 .listen = address,
                 .arguments = arguments});
  MilterClient c(address);
  c.greet();
  c.mail("<a@x.test>");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 40; ++i) {
    c.raw(std::string("\0\0\0\x0f", 4));
    c.raw("R");
    c.raw(std::string("<b@site.test>\0", 14));
    char command = 0;
    std::string data;
    EXPECT_TRUE(c.read_packet(command, data));
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

// PERFORMANCE 1: 40 ms for each, where the kernel puts its acknowledgement off.
TEST(Door, LetsNobodyWaitForAnAcknowledgement) {
  const auto late = time_of_small_writes({"--test-without", "acknowledge"});
  if (late < 1000ms) GTEST_SKIP() << "this kernel acknowledges at once: " << late.count() << " ms";
  auto prompt = time_of_small_writes({});
  for (int i = 1; i < 3 && prompt >= late; ++i) prompt = std::min(prompt, time_of_small_writes({}));
  EXPECT_LT(prompt, late);
}

// libmilter calls back for a command that comes without a negotiation.
TEST(Door, ServesNobodyWithoutANegotiation) {
  for (const bool off : {false, true}) {
    Daemon daemon(
        {.arguments = off ? std::vector<std::string>{"--test-without", "session-check"} : std::vector<std::string>{}});
    {
      MilterClient c = daemon.client();
      c.packet('M', std::string("<a@x.test>\0", 11));
      c.packet('R', std::string("<r@site.test>\0", 14));
      c.packet('E', {});
      is_let_go(c, 500ms);
    }
    if (off) {
      EXPECT_TRUE(daemon.ended().has_value());
    } else {
      EXPECT_EQ(answer_to_a_message(daemon), "continue");
      EXPECT_GT(daemon.counter("milter.unknown_sessions"), 0);
    }
  }
}

}  // namespace
}  // namespace postern::test
