// What happens while many wait: the nudge, progress, and the caps.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/support/scripted_dns.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

// Below slow.test one question, answered "no mail here" 800 ms later; below slower.test two, the second (for an address)
// not before the answer to the first: questions are asked at MAIL already, and one alone would be answered for all by then.
constexpr const char* kSlowZone =
    "*.slow.test. MX 0 .\n"
    "slow.test. A 192.0.2.1\n"
    "; DELAY *.slow.test 800\n"
    "*.slower.test. A 192.0.2.1\n"
    "; DELAY *.slower.test 800\n"
    "quick.test. MX 0 .\n"
    "; DELAY long.test 60000\n"
    "long.test. MX 0 .\n";
constexpr const char* kNeedsAnAnswer = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n";

// Its threads share one processor and do not push each other off it: a worker that libmilter wakes up gets to run only
// when the poll round is done. That is where sessions queue behind each other, and elsewhere it takes luck to see it.
void wake_workers_late(const Daemon& daemon) {
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(static_cast<std::size_t>(sched_getcpu()), &first);
  const sched_param none{};
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(daemon.pid()) + "/task")) {
    const pid_t thread = std::stoi(task.path().filename());
    const bool done =
        sched_setaffinity(thread, sizeof first, &first) == 0 && sched_setscheduler(thread, SCHED_BATCH, &none) == 0;
    EXPECT_TRUE(done || errno == ESRCH) << std::strerror(errno);  // it may have ended meanwhile
  }
}

// Opens `count` sessions, lets each wait for an answer of its own at the same moment, and counts those that have it
// after `patience`.
int answered_within(Daemon& daemon, int count, std::chrono::milliseconds patience, int round = 0) {
  std::vector<MilterClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(daemon.client());
    clients.back().greet();
    EXPECT_EQ(clients.back().mail("<a@d" + std::to_string(count * round + i) + ".slower.test>"), "none");
    clients.back().packet('U', std::string("NOOP\0", 5));  // its answer says that MAIL has been dealt with
    char command = 0;
    std::string data;
    EXPECT_TRUE(clients.back().read_packet(command, data));
  }
  std::this_thread::sleep_for(50ms);  // libmilter's workers become idle
  daemon.signal(SIGSTOP);             // so that all are ready in one poll round, however busy the machine is
  for (MilterClient& c : clients) c.packet('R', std::string("<r@site.test>\0", 14));
  const auto start = std::chrono::steady_clock::now();
  daemon.signal(SIGCONT);
  int answered = 0;
  for (MilterClient& c : clients) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(start + patience - std::chrono::steady_clock::now());
    if (c.readable(std::max(left, 0ms))) ++answered;
  }
  return answered;
}

TEST(Waiting, AnswersAHundredSessionsThatWaitAtOnce) {
  ScriptedDns dns(kSlowZone);
  Daemon daemon({.rules = kNeedsAnAnswer, .dns_port = dns.port()});
  wake_workers_late(daemon);
  for (int round = 0; round < 3; ++round) EXPECT_EQ(answered_within(daemon, 100, 8000ms, round), 100) << round;
  EXPECT_GT(daemon.counter("milter.nudges"), 100);
}

// The same without the nudge: libmilter's one or two workers serve them one after another (PLATFORM 2). Hardly ever not:
// a worker that runs early enough all the same makes libmilter start others.
TEST(Waiting, CouldNotDoSoWithoutTheNudge) {
  ScriptedDns dns(kSlowZone);
  int fewest = 100;
  for (int round = 0; round < 10 && fewest == 100; ++round) {
    Daemon daemon({.rules = kNeedsAnAnswer, .dns_port = dns.port(), .arguments = {"--test-without", "nudge"}});
    wake_workers_late(daemon);
    fewest = answered_within(daemon, 100, 2000ms);
  }
  EXPECT_LT(fewest, 100);
}

TEST(Waiting, SendsProgressAtTheEndAndNowhereElse) {
  ScriptedDns dns(kSlowZone);
  Daemon daemon(
      {.rules = kNeedsAnAnswer, .sections = "checks: {sender-domain: {timeout: 5s}}\n", .dns_port = dns.port()});
  MilterClient c = daemon.client();
  c.negotiate();
  c.connect({.name = "localhost",
             .ip = "127.0.0.1",
             .port = 0,
             .family = '4',
             .macros = {{"{daemon_port}", "0"}}});  // waits at the end alone
  c.helo("localhost");
  c.mail("a@long.test");
  EXPECT_EQ(c.rcpt("r@site.test"), "continue");
  const auto end = c.end_of_message();
  EXPECT_TRUE(end.verdict.starts_with("451 4.4.3")) << end.verdict;
  EXPECT_EQ(end.progress, 1);
}

TEST(Waiting, ShedsSessionsOverTheCap) {
  Daemon daemon({.rules = kNeedsAnAnswer,
                 .listen_keys = ", max_sessions: 3",
                 .zone = "x.test. MX 10 mx.x.test.\nmx.x.test. A 198.51.100.25\n"});
  std::vector<MilterClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(daemon.client());
    clients.back().greet();
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(clients[static_cast<std::size_t>(i)].message("<a@x.test>", "<b@site.test>"),
              i < 3 ? "continue" : "451 4.3.2 Too busy, try again later")
        << i;
  }
  EXPECT_EQ(daemon.counter("milter.shed.sessions"), 2);
  clients.clear();
  ASSERT_TRUE(daemon.counts("milter.sessions", 0));
  MilterClient c = daemon.client();
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
}

TEST(Waiting, ShedsCallbacksOverTheCap) {
  ScriptedDns dns(kSlowZone);
  Daemon daemon({.rules = kNeedsAnAnswer, .listen_keys = ", max_callbacks: 4", .dns_port = dns.port()});
  std::vector<MilterClient> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(daemon.client());
    clients.back().greet();
    clients.back().mail("<a@c" + std::to_string(i) + ".slow.test>");
  }
  for (MilterClient& c : clients) c.packet('R', std::string("<r@site.test>\0", 14));
  int shed = 0;
  int judged = 0;
  for (MilterClient& c : clients) {
    char command = 0;
    std::string data;
    ASSERT_TRUE(c.read_packet(command, data));
    if (data.starts_with("451 4.3.2 Too busy")) ++shed;
    if (data.starts_with("550 5.7.27")) ++judged;
  }
  EXPECT_EQ(shed + judged, 12);
  EXPECT_GE(shed, 1);
  EXPECT_GE(judged, 1);  // a MAIL whose callback is still at work takes a place, too
  EXPECT_TRUE(daemon.counts("milter.callbacks", 0));
}

// FAULTS T6: a hundred sessions send half a packet and stop, and one sends a whole one in the same poll round. Whether
// that one is answered, and a new client beside them.
struct BesideHalfPackets {
  bool session_is_answered = false;
  bool newcomer_is_answered = false;
};
BesideHalfPackets answers_beside_half_packets(Daemon& daemon, std::chrono::milliseconds patience) {
  std::vector<MilterClient> stuck;
  for (int i = 0; i < 100; ++i) {
    stuck.push_back(daemon.client());
    stuck.back().greet();
  }
  MilterClient c = daemon.client();
  c.greet();
  std::this_thread::sleep_for(50ms);  // libmilter's workers become idle
  daemon.signal(SIGSTOP);
  for (MilterClient& s : stuck) s.raw(std::string("\0\0", 2));
  c.packet('U', std::string("NOOP\0", 5));
  daemon.signal(SIGCONT);
  BesideHalfPackets answers{.session_is_answered = c.readable(patience)};
  MilterClient newcomer(daemon.socket_path(), patience);
  answers.newcomer_is_answered = newcomer.negotiate().answered;
  return answers;
}

TEST(Waiting, ServesOthersBesideHalfPackets) {
  Daemon daemon({});
  wake_workers_late(daemon);
  const BesideHalfPackets answers = answers_beside_half_packets(daemon, 20s);
  EXPECT_TRUE(answers.session_is_answered);
  EXPECT_TRUE(answers.newcomer_is_answered);
}

// Hardly ever it can: as above.
TEST(Waiting, CouldNotDoThatWithoutTheNudgeEither) {
  BesideHalfPackets answers{.session_is_answered = true};
  for (int round = 0; round < 30 && answers.session_is_answered; ++round) {
    Daemon daemon({.arguments = {"--test-without", "nudge"}});
    wake_workers_late(daemon);
    answers = answers_beside_half_packets(daemon, 2s);
  }
  EXPECT_FALSE(answers.session_is_answered);
}

// FAULTS M8: with every descriptor taken the daemon waits instead of running in a circle, and serves again when some
// are free.
TEST(Waiting, OutlivesAFloodThatTakesEveryDescriptor) {
  Daemon daemon({});
  MilterClient first = daemon.client();
  first.greet();
  first.message("<a@x.test>", "<b@site.test>");
  std::this_thread::sleep_for(200ms);  // all that is opened once is open
  const rlimit few{.rlim_cur = 100, .rlim_max = 100};
  ASSERT_EQ(prlimit(daemon.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<MilterClient> flood;
  for (int i = 0; i < 300; ++i) flood.push_back(daemon.client());
  ASSERT_TRUE(daemon.says("event=fault level=error part=files"));
  const double before = daemon.cpu_seconds();
  std::this_thread::sleep_for(2s);
  EXPECT_LT(daemon.cpu_seconds() - before, 0.2);
  flood.clear();
  MilterClient c = daemon.client();
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
}

}  // namespace
}  // namespace postern::test
