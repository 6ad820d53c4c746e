#include "milter/admin/requests.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "policy/limits/behaviour.h"
#include "policy/limits/behaviour_settings.h"
#include "policy/limits/freezer.h"
#include "policy/limits/memory_ledger.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"

namespace postern {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const Deadline kNow{SteadyTime::max()};

class Requests : public ::testing::Test {
 protected:
  Requests() {
    backends.ledger = std::make_shared<limits::MemoryLedger>(limits::MemoryLedger::Options{}, clock, counters, nullptr);
    backends.freezer = std::make_shared<limits::Freezer>(store, clock);
    backends.behaviour = std::make_shared<limits::Behaviour>(limits::BehaviourSettings{}, *backends.ledger);
    configure("rules: []\n");
  }
  void configure(const std::string& rest) {
    Problems problems;
    const auto loaded = config::load_text(
        "test", "version: 1\nsite: {hostname: mx.example, domains: [a.example]}\n" + rest, ".", {}, problems);
    ASSERT_TRUE(loaded && problems.usable());
    policy = *loaded->policy;
    policy.backends = std::shared_ptr<const Backends>(std::shared_ptr<const Backends>(), &backends);
  }
  void charge(std::string_view limit, std::string_view key, std::int64_t amount) {
    const limits::Demand demand{.limit = limit, .key = key, .allow = allow, .amount = amount};
    backends.ledger->charge({&demand, 1});
  }
  std::string ask(const std::string& request) { return answer_request(request, policy, system, log); }

  const SystemClock system;  // by which a scan has its deadline
  test::FakeClock clock;
  Counters counters;
  test::FakeStore store;
  std::vector<std::string> lines;
  Log log{LogForm::logfmt, lines};
  Backends backends;
  Policy policy;
  const std::vector<limits::Allowance> allow{{.most = 1000, .window = 24h}};
};

TEST_F(Requests, TheFullestAreThoseOfLimitsHoweverMuchBehaviourCounts) {
  charge("user", "anna@a.example", 5);
  for (int i = 0; i < 1100; ++i) charge("behaviour/known", fmt::format("login u{}@a.example", i), 900);
  EXPECT_THAT(ask(R"({"command":"limits top"})"), HasSubstr("anna@a.example"));
  EXPECT_THAT(ask(R"({"command":"limits top"})"), Not(HasSubstr("behaviour")));
}

TEST_F(Requests, AKeyOfTwoPartsIsFoundHoweverManyAreFuller) {
  charge("pair", "anna@a.example\tbank.example", 5);
  charge("other", "anna@a.example.org\tbank.example", 5);
  const std::string both = ask(R"({"command":"limits show","key":"anna@a.example"})");
  EXPECT_EQ(both.find("bank.example"), both.rfind("bank.example")) << both;
  for (int i = 0; i < 1100; ++i) charge("user", fmt::format("u{}@a.example", i), 900);
  EXPECT_THAT(ask(R"({"command":"limits show","key":"anna@a.example bank.example"})"), HasSubstr("\"used\":5"));
  EXPECT_THAT(ask(R"({"command":"limits reset","key":"Anna@a.example bank.example"})"), HasSubstr("\"forgotten\":1"));
}

TEST_F(Requests, WhoWasReleasedIsJudgedAnew) {
  const limits::Subject anna{.name = "anna@a.example"};
  std::vector<std::string> strangers;
  for (int i = 0; i < 300; ++i) strangers.push_back(fmt::format("s{}@b.example", i));
  backends.behaviour->sent(anna, {}, {.recipients = {"friend@b.example"}, .subject = {}}, kNow);
  clock.advance(15 * 24h);
  backends.behaviour->sent(anna, {}, {.recipients = strangers, .subject = "a prize", .body = 7}, kNow);
  const auto level = [&] { return backends.behaviour->judge(anna, {}, "friend@b.example", {}, kNow).level; };
  ASSERT_EQ(level(), limits::Level::suspicious);
  EXPECT_THAT(ask(R"({"command":"account release","login":"Anna@a.example"})"), HasSubstr("\"ok\":true"));
  EXPECT_EQ(level(), limits::Level::normal);
}

TEST_F(Requests, NearIsWhereTheLimitHasIt) {
  charge("user", "anna@a.example", 700);
  const std::string asked = R"({"command":"limits predict","key":"anna@a.example","amount":1})";
  EXPECT_THAT(ask(asked), HasSubstr("\"outcome\":\"ok\""));
  configure("limits:\n  user: {per: login, count: messages, allow: 1000/1d, near: 70%}\nrules: []\n");
  EXPECT_THAT(ask(asked), HasSubstr("\"outcome\":\"near\""));
}

TEST_F(Requests, ALimitThatIsMisspeltIsNoLimitThatNobodyUses) {
  configure("limits:\n  user: {per: login, count: messages, allow: 1000/1d}\nrules: []\n");
  EXPECT_THAT(ask(R"({"command":"limits top","limit":"user"})"), HasSubstr("\"ok\":true"));
  EXPECT_THAT(ask(R"({"command":"limits top","limit":"usr"})"), HasSubstr("there is no limit \\\"usr\\\""));
  EXPECT_THAT(ask(R"({"command":"limits reset","limit":"usr","key":"a"})"), HasSubstr("\"ok\":false"));
  charge("gone", "anna@a.example", 5);  // of a configuration before
  EXPECT_THAT(ask(R"({"command":"limits top","limit":"gone"})"), HasSubstr("anna@a.example"));
}

TEST_F(Requests, WhoFreezesIsToldWhereThatStopsNobody) {
  const std::string freeze = R"({"command":"account freeze","login":"anna@a.example"})", nobody = "\"stopped\":false";
  EXPECT_THAT(ask(freeze), HasSubstr(nobody));
  configure("rules:\n  - {name: frozen, when: behaviour is frozen, monitor: true, reject: true}\n");
  EXPECT_THAT(ask(freeze), HasSubstr(nobody));
  const std::string rule = "rules:\n  - {name: frozen, when: behaviour is frozen, reject: true}\n";
  configure("mode: monitor\n" + rule);
  EXPECT_THAT(ask(freeze), HasSubstr(nobody));
  configure("rules:\n  - {name: suspicious, when: behaviour is suspicious, reject: true}\n");
  EXPECT_THAT(ask(freeze), HasSubstr(nobody));
  configure(rule);
  EXPECT_THAT(ask(freeze), Not(HasSubstr(nobody)));
  configure("rules:\n  - {name: odd, when: behaviour is not normal, reject: true}\n");
  EXPECT_THAT(ask(freeze), Not(HasSubstr(nobody)));
  configure("rules:\n  - {group: held, when: behaviour is frozen, rules: [{name: all, when: always, reject: true}]}\n");
  EXPECT_THAT(ask(freeze), Not(HasSubstr(nobody)));
  configure("rules:\n  - include: presets/submission.yaml\n");
  EXPECT_THAT(ask(freeze), Not(HasSubstr(nobody)));
}

}  // namespace
}  // namespace postern
