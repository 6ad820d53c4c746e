// What the daemon does while its DNS servers are dead or lie (docs/dns.md).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "milter/admin/status.h"
#include "tests/support/scripted_dns.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kCanary = ", canary: [ns.known.test, ns.other.test]";
constexpr const char* kSound =
    "ns.known.test. A 192.0.2.1\n"
    "ns.other.test. A 192.0.2.1\n"
    "good.test. 1 MX 10 mx.good.test.\n"
    "mx.good.test. 1 A 8.8.8.1\n";
constexpr const char* kDeniesAll = "nothing.example. A 192.0.2.1\n";
constexpr const char* kMakesUpAll = "*.test. A 10.0.0.1\n";
constexpr const char* kRules =
    "  - {name: bad, when: 'sender-domain is [nxdomain, no-address, mx-private]', reject: true}\n";

std::string judged(Daemon& daemon, const std::string& sender) {
  MilterClient c = daemon.client();
  c.greet();
  std::string said = c.message(sender, "r@site.test");
  c.quit();
  return said;
}

nlohmann::json dns_of(const Daemon& daemon) { return nlohmann::json::parse(daemon.ask("status")).at("dns"); }

TEST(Dns, LyingServersCostNobodyA5xx) {
  for (const char* lies : {kDeniesAll, kMakesUpAll}) {
    ScriptedDns dns(lies);
    Daemon daemon({.rules = kRules, .dns_port = dns.port(), .dns_keys = kCanary});
    ASSERT_TRUE(daemon.says("canary=lying")) << daemon.log();
    EXPECT_THAT(judged(daemon, "a@good.test"), StartsWith("451 4.4.3")) << lies;
    EXPECT_TRUE(daemon.says("rule=bad code=451 status=4.4.3")) << daemon.log();
    EXPECT_EQ(daemon.said("softened=true"), 1u);
    EXPECT_EQ(daemon.said("degraded=dns:canary"), 1u);
    EXPECT_EQ(dns_of(daemon).at("canary"), "lying");

    dns.change(kSound);
    ASSERT_TRUE(daemon.says("canary=green breaker=closed", 60s)) << daemon.log();
    EXPECT_EQ(judged(daemon, "a@good.test"), "continue") << lies;  // nothing of the bad time stays
    EXPECT_THAT(judged(daemon, "a@gone.test"), StartsWith("550 5.1.8"));
    const auto status = dns_of(daemon);
    EXPECT_EQ(status.at("canary"), "green");
    EXPECT_TRUE(status.at("reason").is_null());
    EXPECT_EQ(status.at("breaker"), "closed");
    EXPECT_EQ(status.at("dnssec"), "off");
    EXPECT_GT(status.at("remembered"), 0);
  }
}

TEST(Dns, WithoutTheCanaryLyingServersRefuseGoodMail) {
  ScriptedDns denying(kDeniesAll), making_up(kMakesUpAll);
  for (const auto* dns : {&denying, &making_up}) {
    Daemon daemon({.rules = kRules, .dns_port = dns->port(), .dns_keys = ", canary: off"});
    EXPECT_TRUE(daemon.says("canary=off")) << daemon.log();
    EXPECT_THAT(judged(daemon, "a@good.test"), StartsWith("550 5.1.8"));
  }
}

TEST(Dns, DeadServersCostTimeOnceAndThenOnlyNews) {  // FAULTS T38
  ScriptedDns dns(kSound);
  Daemon daemon({.rules = kRules, .dns_port = dns.port(), .dns_keys = kCanary});
  ASSERT_TRUE(daemon.says("canary=green")) << daemon.log();
  EXPECT_EQ(judged(daemon, "a@good.test"), "continue");
  const auto aged = std::chrono::steady_clock::now() + 5s;

  dns.silence(true);
  std::vector<MilterClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(daemon.client());
    clients.back().greet();
    clients.back().mail("<a@n" + std::to_string(i) + ".test>");
    clients.back().packet('R', std::string("<r@site.test>\0", 14));
  }
  ASSERT_TRUE(daemon.says("canary=dead", 30s)) << daemon.log();
  ASSERT_TRUE(daemon.says("breaker=open", 30s)) << daemon.log();
  EXPECT_EQ(dns_of(daemon).at("breaker"), "open");
  EXPECT_EQ(dns_of(daemon).at("canary"), "dead");

  // All but a trial in 5 s are answered without a question.
  for (int i = 0; i < 20; ++i)
    EXPECT_THAT(judged(daemon, "a@m" + std::to_string(i) + ".test"), StartsWith("451 4.4.3")) << i;
  EXPECT_GE(daemon.counter("dns.breaker.refused"), 10);

  while (std::chrono::steady_clock::now() < aged) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(judged(daemon, "a@good.test"), "continue");
  EXPECT_TRUE(daemon.says("degraded=dns:stale")) << daemon.log();
  EXPECT_GE(dns_of(daemon).at("stale_served"), 1);
  EXPECT_EQ(daemon.said("code=5"), 0u);

  dns.silence(false);
  const auto back = std::chrono::steady_clock::now();
  while (dns_of(daemon).at("canary") != "green" && std::chrono::steady_clock::now() < back + 60s)
    std::this_thread::sleep_for(100ms);
  EXPECT_EQ(dns_of(daemon).at("canary"), "green") << daemon.log();
  EXPECT_EQ(dns_of(daemon).at("breaker"), "closed");
  EXPECT_THAT(judged(daemon, "a@gone.test"), StartsWith("550 5.1.8"));
}

TEST(Dns, IsToldToPeopleToo) {
  ScriptedDns dns(kSound);
  Daemon daemon({.rules = kRules, .dns_port = dns.port(), .dns_keys = kCanary});
  ASSERT_TRUE(daemon.says("canary=green")) << daemon.log();
  EXPECT_THAT(status_text(daemon.ask("status")), HasSubstr("\ndns: canary green, breaker closed, dnssec off, "));
}

std::size_t dns_threads(const Daemon& daemon) {
  const auto names = daemon.threads();
  return names.count("postern-dns");
}

TEST(Dns, AReloadBringsOtherServers) {
  ScriptedDns first("good.test. 3600 MX 10 mx.good.test.\nmx.good.test. 3600 A 8.8.8.1\n"),
      second("good.test. MX 0 .\n");
  const std::string rules = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n";
  Daemon daemon({.rules = rules, .dns_port = first.port()});
  EXPECT_EQ(judged(daemon, "a@good.test"), "continue");
  MilterClient begun = daemon.client();
  begun.greet();
  begun.mail("<a@good.test>");
  EXPECT_EQ(begun.rcpt("<r@site.test>"), "continue");
  std::size_t asked = 0;  // what nobody waits for comes a little later
  while (asked != first.asked()) {
    asked = first.asked();
    std::this_thread::sleep_for(300ms);
  }

  daemon.configure({.rules = rules, .dns_port = second.port()});
  const auto answer = nlohmann::json::parse(daemon.ask("reload"));
  EXPECT_EQ(answer.at("ok"), true);
  EXPECT_TRUE(answer.at("needs_restart").empty()) << answer;
  EXPECT_THAT(judged(daemon, "a@good.test"), StartsWith("550 5.7.27"));
  EXPECT_EQ(begun.end_of_message().verdict, "continue");  // what began with the old ones ends with them
  EXPECT_EQ(first.asked(), asked);
  for (int i = 0; i < 1000 && dns_threads(daemon) != 3; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(dns_threads(daemon), 3u);
}

TEST(Dns, AReloadBringsEditedZoneFiles) {
  const std::string rules = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n";
  Daemon daemon({.rules = rules, .zone = "a.test. MX 10 mx.b.test.\nmx.b.test. A 8.8.8.8\n"});
  EXPECT_EQ(judged(daemon, "a@a.test"), "continue");
  daemon.configure({.rules = rules, .zone = "a.test. MX 0 .\n"});
  EXPECT_EQ(judged(daemon, "a@a.test"), "continue");
  EXPECT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
  EXPECT_THAT(judged(daemon, "a@a.test"), StartsWith("550 5.7.27"));

  daemon.configure({.rules = rules, .zone = "a.test. MX what\n"});
  const auto refused = nlohmann::json::parse(daemon.ask("reload"));
  EXPECT_EQ(refused.at("ok"), false);
  EXPECT_THAT(refused.at("problems").back().at("file").get<std::string>(), HasSubstr("zone.txt"));
  EXPECT_THAT(judged(daemon, "a@a.test"), StartsWith("550 5.7.27"));  // nothing has changed
}

}  // namespace
}  // namespace postern::test
