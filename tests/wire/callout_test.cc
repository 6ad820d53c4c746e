// Sender callout and recipient call-ahead as an MTA meets them, with mail hosts on loopback (FAULTS T45 to T50).

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <memory>
#include <thread>

#include "tests/support/scripted_smtp.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr const char* kZone =
    "a.test. MX 10 mx.a.test.\nmx.a.test. A 127.1.0.1\n"
    "b.test. MX 10 mx.b.test.\nmx.b.test. A 127.1.0.2\n";
constexpr const char* kEnforced = "  - {name: callout, when: sender-account is unknown, reject: true}\n";

Daemon::Setup asking(std::uint16_t port, const std::string& rules = kEnforced) {
  return {.rules = rules,
          .sections = fmt::format("checks:\n  sender-account: {{ask: [directories, callout], "
                                  "test-allow: [\"127.0.0.0/8:{}\"]}}\n",
                                  port),
          .zone = kZone};
}

// What RCPT is told, without the id of the decision.
std::string told(const Daemon& daemon, const std::string& sender, const std::string& recipient = "<b@site.test>",
                 const std::string& client = "192.0.2.1") {
  MilterClient c = daemon.client();
  c.negotiate();
  c.connect({.ip = client});
  c.helo();
  c.mail(sender);
  const std::string answer = c.rcpt(recipient);
  c.quit();
  return answer.substr(0, answer.rfind(" ("));
}

TEST(CalloutOfTheDaemon, RefusesSendersThatDoNotExistAndRemembersThem) {
  SmtpFarm farm;
  const auto& missing = farm.add("127.1.0.1", {.rcpt = "550 5.1.1 no such user, says the REMOTE host\r\n"});
  const auto& there = farm.add("127.1.0.2", {});
  const Daemon daemon(asking(farm.port()));
  EXPECT_EQ(told(daemon, "<x@a.test>"), "550 5.1.7 Sender mailbox does not exist");
  EXPECT_EQ(told(daemon, "<x@a.test>"), "550 5.1.7 Sender mailbox does not exist");
  EXPECT_EQ(missing.connections(), 1);
  EXPECT_EQ(told(daemon, "<x@b.test>"), "continue");
  EXPECT_EQ(told(daemon, "<x@b.test>"), "continue");
  EXPECT_EQ(there.connections(), 1);
  EXPECT_EQ(told(daemon, "<>"), "continue");
  EXPECT_EQ(there.commands()[1], "MAIL FROM:<>\r\n");
}

TEST(CalloutOfTheDaemon, IsOnlyToldOfWhereItsRuleIsMonitored) {
  SmtpFarm farm;
  farm.add("127.1.0.1", {.rcpt = "550 5.1.1 no such user\r\n"});
  const Daemon daemon(asking(farm.port(), "  - include: presets/inbound.yaml\n"));
  EXPECT_EQ(told(daemon, "<x@a.test>").substr(0, 9), "450 4.1.8");  // inbound/unreachable-mail-host: it is loopback
  const Daemon other(asking(
      farm.port(), "  - {include: presets/inbound.yaml, change: {unreachable-mail-host: off, client-name: off}}\n"));
  MilterClient c = other.client();
  c.greet();
  EXPECT_EQ(c.message("<x@a.test>", "<b@site.test>"), "continue");
  EXPECT_TRUE(other.says("would=\"reject inbound/callout\"")) << other.log();
}

TEST(CalloutOfTheDaemon, SaysNothingThatAMailHostSaid) {
  constexpr const char* kHostile = "550 5.1.1 no such user REMOTE\r\n";
  const Behaviour hosts[] = {
      {.rcpt = kHostile},
      {.greeting = "554 REMOTE\r\n"},
      {.mail = "550 5.7.1 REMOTE\r\n"},
      {.rcpt = "451 4.7.1 REMOTE\r\n"},
      {.greeting = "220 REMOTE\x1b[31m\r\n", .rcpt = "550-5.1.1 REMOTE\r\n550 5.1.1 user unknown\r\n"}};
  for (const Behaviour& host : hosts) {
    SmtpFarm farm;
    const auto& server = farm.add("127.1.0.1", host);
    Daemon::Setup setup = asking(farm.port(),
                                 "  - {name: callout, when: 'sender-account is [unknown, undecided]', reject: true}\n"
                                 "  - {name: ahead, when: 'recipient-account is unknown', reject: true}\n");
    setup.sections += fmt::format("  recipient-account: {{ask: \"smtp://[127.1.0.1]:{}\"}}\n", farm.port());
    const Daemon daemon(setup);
    const std::string refused = told(daemon, "<x@a.test>");
    EXPECT_NE(refused, "continue");
    EXPECT_EQ(refused.find("REMOTE"), std::string::npos) << refused;
    const std::string ahead = told(daemon, "<>");
    EXPECT_NE(ahead, "continue");
    EXPECT_EQ(ahead.find("REMOTE"), std::string::npos) << ahead;
    EXPECT_GE(server.connections(), 2);
    EXPECT_EQ(daemon.log().find('\x1b'), std::string::npos);
  }
}

// FAULTS T46, N16.
TEST(CalloutOfTheDaemon, ForgedSendersOfOneDomainMakeTwentyConnectionsAMinute) {
  SmtpFarm farm;
  const auto& server = farm.add("127.1.0.1", {});
  const Daemon daemon(asking(farm.port()));
  const int messages = in_long_runs(10'000, 1'000);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < messages; ++i) {
    const std::string client = fmt::format("198.{}.{}.1", 51 + i / 250, i % 250);
    EXPECT_EQ(told(daemon, fmt::format("<u{}@a.test>", i), "<b@site.test>", client), "continue");
  }
  const auto minutes = std::chrono::ceil<std::chrono::minutes>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GE(server.connections(), 10);
  EXPECT_LE(server.connections(), 20 * minutes);
  EXPECT_EQ(server.at_once(), 1);
}

// FAULTS T49: two mail hosts, each with a Postern that verifies the sender of each RCPT. Whoever calls out says MAIL
// FROM:<>; `as_somebody`: as if he did not. Answers how many sessions one message makes.
int sessions_of_one_message(bool as_somebody) {
  constexpr int kEnough = 20;
  SmtpFarm farm;
  const Daemon at_a(asking(farm.port()));
  const Daemon at_b(asking(farm.port()));
  std::atomic<int> asked = 0;
  const auto verifies = [&](const Daemon& gate, const std::string& peer) {
    return [&, peer](const std::string& sender) {
      const int number = ++asked;
      if (number < kEnough) told(gate, as_somebody ? fmt::format("<u{}@{}>", number, peer) : sender);
    };
  };
  Behaviour a, b;
  a.at_rcpt = verifies(at_a, "b.test");
  b.at_rcpt = verifies(at_b, "a.test");
  const auto& host_a = farm.add("127.1.0.1", a);
  const auto& host_b = farm.add("127.1.0.2", b);
  told(at_a, "<user@b.test>");
  comes_true(1s, [&] { return asked >= kEnough; });
  const int made = host_a.connections() + host_b.connections();
  farm.stop();  // its servers use the gates
  return made;
}

TEST(CalloutOfTheDaemon, TwoOfThemEndAfterOneSession) { EXPECT_EQ(sessions_of_one_message(false), 1); }

TEST(CalloutOfTheDaemon, TwoOfThemWouldGoOnIfNullWereSomebody) { EXPECT_GT(sessions_of_one_message(true), 2); }

TEST(CallAheadOfTheDaemon, PutsOffWhileItsServerIsAway) {
  auto server = std::make_unique<ScriptedSmtp>("127.1.0.1", 0, Behaviour{});
  const std::uint16_t port = server->port();
  const Daemon daemon(
      {.rules = "  - {name: unknown, when: recipient-account is unknown, reject: true}\n",
       .sections = fmt::format("checks:\n  recipient-account: {{ask: \"smtp://[127.1.0.1]:{}\"}}\n", port),
       .zone = kZone});
  EXPECT_EQ(told(daemon, "<a@x.test>", "<one@site.test>"), "continue");
  server.reset();
  EXPECT_EQ(told(daemon, "<a@x.test>", "<one@site.test>"), "continue");  // remembered
  EXPECT_EQ(told(daemon, "<a@x.test>", "<two@site.test>").substr(0, 9), "451 4.4.3");
  server = std::make_unique<ScriptedSmtp>("127.1.0.1", port, Behaviour{});
  ASSERT_TRUE(server->listens());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(comes_true(40s, [&] {
    std::this_thread::sleep_for(100ms);
    return told(daemon, "<a@x.test>", "<two@site.test>") == "continue";
  }));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  std::cout << "call-ahead: normal after " << took.count() << " ms\n";
}

}  // namespace
}  // namespace postern::test
