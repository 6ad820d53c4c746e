// FAULTS T73: the MTA is gone, at any step; nothing of its session is left.

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/support/sanitizers.h"
#include "tests/support/scripted_dns.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

#if defined(POSTERN_SANITIZES_ADDRESS) || defined(POSTERN_SANITIZES_THREAD)
constexpr bool kMemoryTells = false;  // freed memory is kept
#else
constexpr bool kMemoryTells = true;
#endif

constexpr const char* kAsksForAll =
    "  - {name: size, when: 'size > 100 MB', reject: true}\n"
    "  - {name: subject, when: 'header.Subject contains \"needle\"', reject: true}\n"
    "  - {name: mark, when: always, add_header: {X-Mark: \"yes\"}}\n";

struct Means {
  std::size_t files = 0;
  std::size_t threads = 0;
  long pages = 0;
};

Means means_of(const Daemon& daemon) {
  const std::string folder = "/proc/" + std::to_string(daemon.pid());
  Means m;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder + "/fd")) ++m.files;
  m.threads = daemon.threads().size();
  long size = 0;
  std::ifstream(folder + "/statm") >> size >> m.pages;
  return m;
}

// A connection that is cut behind each packet in turn, and in the middle of it.
void cut_everywhere(const Daemon& daemon) {
  const std::function<void(MilterClient&)> steps[] = {
      [](MilterClient& c) { c.negotiate(); },
      [](MilterClient& c) { c.connect(); },
      [](MilterClient& c) { c.helo(); },
      [](MilterClient& c) { c.mail("<a@x.test>"); },
      [](MilterClient& c) { c.rcpt("<a@site.test>"); },
      [](MilterClient& c) { c.data(); },
      [](MilterClient& c) { c.header("Subject", " " + std::string(10'000, 'x')); },
      [](MilterClient& c) { c.end_of_headers(); },
      [](MilterClient& c) { c.body(std::string(10'000, 'x')); },
      [](MilterClient& c) { c.packet('E', {}); }};
  for (std::size_t length = 0; length <= std::size(steps); ++length) {
    for (const bool in_the_middle : {false, true}) {
      MilterClient c = daemon.client();
      for (std::size_t i = 0; i < length; ++i) steps[i](c);
      if (in_the_middle) c.raw(std::string("\0\0\0\x10R<half", 10));
      c.hang_up();
    }
  }
}

TEST(Vanish, LeavesNothingBehind) {
  Daemon daemon({.rules = kAsksForAll, .sections = "answer_at: sender\n", .environment = {"MALLOC_ARENA_MAX=2"}});
  for (int i = 0; i < 10; ++i) cut_everywhere(daemon);
  ASSERT_TRUE(daemon.counts("milter.sessions", 0));
  const Means before = means_of(daemon);
  for (int i = 0; i < in_long_runs(1000, 40); ++i) cut_everywhere(daemon);
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_TRUE(daemon.counts("milter.callbacks", 0));
  EXPECT_TRUE(comes_true(10s, [&] { return means_of(daemon).files <= before.files; })) << means_of(daemon).files;
  EXPECT_TRUE(comes_true(10s, [&] { return means_of(daemon).threads <= before.threads + 8; }));
  EXPECT_TRUE(!kMemoryTells || means_of(daemon).pages < before.pages + 2048) << means_of(daemon).pages;  // 8 MiB
  EXPECT_EQ(daemon.said("event=fault"), 0U);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended(), 0) << daemon.log();
}

// While a callback waits for an answer that does not come.
TEST(Vanish, LeavesNothingBehindWhileItIsWaitedFor) {
  ScriptedDns dns("x.test. A 192.0.2.1\n");
  dns.silence(true);
  Daemon daemon({.rules = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n",
                 .sections = "checks: {sender-domain: {timeout: 8s}}\n",
                 .dns_port = dns.port()});
  std::vector<MilterClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(daemon.client());
    clients.back().greet();
    clients.back().mail("<a@d" + std::to_string(i) + ".x.test>");
    clients.back().packet('R', std::string("<r@site.test>\0", 14));
  }
  EXPECT_TRUE(comes_true(10s, [&] { return daemon.counter("milter.callbacks") >= 10; }));
  clients.clear();
  EXPECT_TRUE(daemon.counts("milter.sessions", 0, 20s));
  EXPECT_TRUE(daemon.counts("milter.callbacks", 0, 20s));
}

TEST(Vanish, WouldLeaveASessionBehindWithoutItsClose) {
  Daemon daemon(
      {.rules = kAsksForAll, .arguments = {"--test-without", "close"}, .environment = {"ASAN_OPTIONS=detect_leaks=0"}});
  cut_everywhere(daemon);
  EXPECT_FALSE(daemon.counts("milter.sessions", 0, 1s));
}

}  // namespace
}  // namespace postern::test
