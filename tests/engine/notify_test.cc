// Whom a rule notifies, and what a freeze in mid-dialogue does to the message.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"
#include "policy/limits/freezer.h"
#include "tests/support/fake_store.h"

namespace postern {
namespace {

using Addresses = std::vector<std::string>;

/// A session of somebody who has logged in, and the incidents it told.
class World {
 public:
  explicit World(const std::string& rules) {
    Problems problems;
    const auto configuration = config::load_text(
        "test", "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n" + rules, ".", {},
        problems);
    if (!configuration) throw std::runtime_error(problems.all().at(0).line());
    auto backends = std::make_shared<Backends>();
    backends->freezer = std::make_shared<limits::Freezer>(store, clock);
    const auto policy = std::make_shared<Policy>(*configuration->policy);
    policy->backends = std::move(backends);
    session = std::make_unique<Session>(
        services, Session::PolicySource{policy, [policy] { return policy; }, [](const Policy&) { return true; }});
    session->connect(
        Client{.ip = IpAddress::parse("8.8.8.8"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
    session->mail(Sender{.path = Path::parse("<anna@example.org>"),
                         .login = "anna@example.org",
                         .auth_type = "PLAIN",
                         .declared_size = {},
                         .smtputf8 = false},
                  {}, nullptr);
    services.on_incident = [this](notices::Incident incident) { incidents.push_back(std::move(incident)); };
  }
  bool takes(const std::string& to) {
    return session->rcpt({Path::parse("<" + to + ">")}, nullptr).kind == Reaction::Kind::go_on;
  }

  SystemClock clock;
  test::FakeStore store;
  std::vector<std::string> lines;
  Log log{LogForm::logfmt, lines};
  Counters counters;
  std::unique_ptr<dns::ZoneResolver> zone =
      dns::ZoneResolver::parse("zone", "b.example. MX 10 mx.b.example.\n").value();
  Pool pool{"none", 0, 0};
  Services services{clock, log, counters, *zone, pool, [](const DecisionRecord&) {}};
  std::vector<notices::Incident> incidents;
  std::unique_ptr<Session> session;
};

TEST(Notify, TellsTheRecipientWhoseRefusalItIs) {
  World w("  - {name: no-carol, when: 'recipient.local == \"carol\"', reject: true, notify: recipient}\n");
  EXPECT_TRUE(w.takes("bob@example.org"));
  EXPECT_FALSE(w.takes("carol@example.org"));
  ASSERT_EQ(w.incidents.size(), 1u);
  EXPECT_EQ(w.incidents[0].to, Addresses{"carol@example.org"});
}

TEST(Notify, TellsAllWhomTheRefusalOfAMessageConcerns) {
  World w("  - {name: three, when: recipients.count > 2, reject: true, notify: recipient}\n");
  EXPECT_TRUE(w.takes("bob@example.org"));
  EXPECT_TRUE(w.takes("carol@foreign.example"));  // nobody outside is written to
  EXPECT_FALSE(w.takes("dora@example.org"));
  ASSERT_EQ(w.incidents.size(), 1u);
  EXPECT_EQ(w.incidents[0].to, (Addresses{"bob@example.org", "dora@example.org"}));
}

/// It is the account that is put on hold, of whichever recipient that was noticed.
TEST(Freeze, RefusesTheWholeMessage) {
  World w("  - {name: trap, when: 'recipient.local == \"trap\"', defer: true, freeze: 1h}\n");
  EXPECT_TRUE(w.takes("bob@b.example"));
  EXPECT_FALSE(w.takes("trap@b.example"));
  EXPECT_FALSE(w.takes("carol@b.example"));
  EXPECT_FALSE(w.session->data(nullptr).kind == Reaction::Kind::go_on);
}

/// What is refused for another reason is that recipient's alone.
TEST(Freeze, OfAnotherRuleRefusesNobodyElse) {
  World w(
      "  - {name: hold, when: always, freeze: 1h}\n"
      "  - {name: typo, when: 'recipient.local == \"typo\"', reject: true}\n");
  EXPECT_TRUE(w.takes("bob@b.example"));
  EXPECT_FALSE(w.takes("typo@b.example"));
  EXPECT_TRUE(w.takes("carol@b.example"));
}

TEST(Freeze, WithoutItTheOthersGetIt) {
  World w("  - {name: trap, when: 'recipient.local == \"trap\"', defer: true}\n");
  EXPECT_TRUE(w.takes("bob@b.example"));
  EXPECT_FALSE(w.takes("trap@b.example"));
  EXPECT_TRUE(w.takes("carol@b.example"));
  EXPECT_TRUE(w.session->data(nullptr).kind == Reaction::Kind::go_on);
}

}  // namespace
}  // namespace postern
