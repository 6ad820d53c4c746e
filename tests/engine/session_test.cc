#include "policy/engine/session.h"

#include "config/configuration.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"

namespace postern {
namespace {

class TurnedClock final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now() + turned; }
  WallTime wall() const override { return WallTime(std::chrono::seconds(1'790'000'000)); }
  std::chrono::minutes turned{0};
};

/// A session with what it needs, and every record that it made.
class World {
 public:
  explicit World(const std::string& rules) : policy(load(rules)), newest(policy) {
    session = std::make_unique<Session>(services, Session::PolicySource{policy, [this] { return newest; },
                                                                        [this](const Policy&) { return can_adopt; }});
    session->connect(
        Client{.ip = IpAddress::parse("8.8.8.8"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
  }

  static std::shared_ptr<const Policy> load(const std::string& rules) {
    Problems problems;
    const auto configuration = config::load_text(
        "test", "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n" + rules, ".", {},
        problems);
    if (!configuration) throw std::runtime_error(problems.all().at(0).line());
    return configuration->policy;
  }
  Reaction mail() {
    return session->mail(
        Sender{
            .path = Path::parse("<a@b.example>"), .login = {}, .auth_type = {}, .declared_size = {}, .smtputf8 = false},
        {}, nullptr);
  }
  Reaction rcpt(const std::string& to = "<b@example.org>") { return session->rcpt({Path::parse(to)}, nullptr); }

  TurnedClock clock;
  std::vector<std::string> lines;
  Log log{LogForm::logfmt, lines};
  Counters counters;
  std::unique_ptr<dns::ZoneResolver> zone =
      dns::ZoneResolver::parse("zone", "b.example. MX 10 mx.b.example.\n").value();
  Pool pool{"none", 0, 0};
  std::vector<DecisionRecord> records;
  Services services{clock, log,  counters,
                    *zone, pool, [this](const DecisionRecord& record) { records.push_back(record); }};
  std::shared_ptr<const Policy> policy, newest;
  bool can_adopt = true;
  std::unique_ptr<Session> session;
};

TEST(Session, AnswersWithItsDecisionId) {
  World w("  - {name: no, when: always, reject: \"No\"}\n");
  w.mail();
  const std::string id = w.session->id();
  EXPECT_EQ(w.rcpt().reply->text(), "No (" + id + ")");
  w.session->abort();
  ASSERT_EQ(w.records.size(), 1u);
  EXPECT_EQ(w.records[0].id, id);
}

TEST(Session, ManyHeaderFieldsAreRefusedBeforeTheBody) {  // FAULTS T9: never "skip and accept"
  World w("  - {name: h, when: any header.X-A, quarantine: true}\n");
  w.mail();
  w.rcpt();
  for (int i = 0; i < 1000; ++i) w.session->header({"X-B", " 1"});
  EXPECT_EQ(w.session->end_of_headers(nullptr).kind, Reaction::Kind::go_on);
  w.mail();
  w.rcpt();
  for (int i = 0; i < 1001; ++i) w.session->header({"X-B", " 1"});
  w.session->end_of_headers(nullptr);
  EXPECT_EQ(w.session->end_of_message(nullptr).reply->code(), 552);
  EXPECT_EQ(w.counters.snapshot()["caps.headers"], 1);
}

TEST(Session, ALargeFieldIsRefused) {
  World w("  - {name: h, when: any header.X-A, quarantine: true}\n");
  for (const auto& [bytes, kind] : {std::pair{65'000u, Reaction::Kind::accept}, {66'000u, Reaction::Kind::refuse}}) {
    w.mail();
    w.rcpt();
    w.session->header({"X-B", std::string(bytes, 'x')});
    w.session->end_of_headers(nullptr);
    EXPECT_EQ(w.session->end_of_message(nullptr).kind, kind);
  }
}

TEST(Session, APolicyThatDoesNotFitIsWaitedForFiveMinutes) {
  World w("  - {name: h, when: always, tag: old}\n");
  w.newest = World::load("  - {name: no, when: always, reject: \"No\"}\n");
  w.can_adopt = false;
  EXPECT_EQ(w.mail().kind, Reaction::Kind::go_on);
  EXPECT_EQ(w.rcpt().kind, Reaction::Kind::go_on);  // the policy it negotiated for
  w.clock.turned = std::chrono::minutes(4);
  EXPECT_EQ(w.mail().kind, Reaction::Kind::go_on);
  w.clock.turned = std::chrono::minutes(6);
  EXPECT_EQ(w.mail().reply->code(), 421);
  EXPECT_EQ(w.rcpt().reply->code(), 421);  // again, should MAIL have had no reply
  w.can_adopt = true;
  EXPECT_EQ(w.mail().kind, Reaction::Kind::go_on);
  EXPECT_EQ(w.rcpt().reply->code(), 550);
}

TEST(Session, EveryOrderOfCallsIsSafe) {
  World w("  - {name: h, when: 'any header.X-A and recipient == \"b@example.org\"', reject: true}\n");
  Session& s = *w.session;
  s.rcpt({Path::parse("<>")}, nullptr);
  s.data(nullptr);
  s.header({"", ""});
  s.end_of_headers(nullptr);
  s.body("x");
  EXPECT_EQ(s.end_of_message(nullptr).reply->reply_class(), ReplyClass::tempfail);
  s.abort();
  s.abort();
  w.mail();
  EXPECT_EQ(s.end_of_message(nullptr).kind, Reaction::Kind::accept);  // no recipient, nothing to refuse
  s.close();
  s.close();
  EXPECT_EQ(w.records.size(), 1u);
}

TEST(Session, OneRecordATransaction) {
  World w("  - {name: no, when: 'recipient == \"bad@example.org\"', reject: true}\n");
  w.mail();
  w.rcpt("<bad@example.org>");
  w.rcpt();
  w.session->end_of_message(nullptr);
  w.mail();
  w.rcpt("<bad@example.org>");
  w.mail();
  w.session->close();
  ASSERT_EQ(w.records.size(), 3u);
  EXPECT_EQ(w.records[0].action, rules::FinalAction::accept);
  EXPECT_EQ(w.records[0].recipients[0].reply->code(), 550);
  EXPECT_EQ(w.records[1].action, rules::FinalAction::reject);
  EXPECT_EQ(w.records[2].end, DecisionRecord::End::aborted);
}

}  // namespace
}  // namespace postern
