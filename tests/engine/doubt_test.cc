// No 5xx, discard or notice rests on DNS answers that cannot be relied on (docs/dns.md).

#include <fmt/format.h>

#include "config/configuration.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"

namespace postern {
namespace {

using dns::Trust;

/// Says what the zone says, as far as `trust`; the canary may be in doubt.
class Doubtful final : public dns::Resolver {
 public:
  explicit Doubtful(const std::string& zone) : zone_(dns::ZoneResolver::parse("zone", zone).value()) {}

  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    dns::Answer answer = *zone_->query(question, deadline);
    answer.trust = trust;
    return std::make_shared<const dns::Answer>(std::move(answer));
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }
  bool in_doubt() const override { return doubt; }

  Trust trust = Trust::servers;
  bool doubt = false;

 private:
  std::unique_ptr<dns::ZoneResolver> zone_;
};

constexpr const char* kZone =
    "null.example. MX 0 .\n"
    "good.example. MX 10 mx.good.example.\n"
    "mx.good.example. A 8.8.8.1\n"
    "8.8.8.8.in-addr.arpa. PTR mx.client.example.\n"
    "mx.client.example. A 8.8.8.8\n";

struct Told {
  std::string said;      ///< "550 5.1.8", or the action
  std::string degraded;  ///< joined by a blank
  bool softened = false;
  std::string rule;
};

/// What becomes of a message from `sender` under `rules`.
Told judge(Doubtful& resolver, const std::string& rules, const std::string& sender) {
  Problems problems;
  const auto configuration = config::load_text(
      "test", "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n" + rules, ".", {},
      problems);
  if (!configuration) throw std::runtime_error(problems.all().at(0).line());
  SystemClock clock;
  std::vector<std::string> lines;
  Log log(LogForm::logfmt, lines);
  Counters counters;
  Pool pool("none", 0, 0);
  DecisionRecord record;
  Services services{clock, log, counters, resolver, pool, [&](const DecisionRecord& r) { record = r; }};
  {
    Session session(services, {.first = configuration->policy, .current = {}, .can_adopt = {}});
    session.connect(
        Client{.ip = IpAddress::parse("8.8.8.8"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
    const Sender from{
        .path = Path::parse(sender), .login = {}, .auth_type = {}, .declared_size = {}, .smtputf8 = false};
    const bool open = session.mail(from, {}, nullptr).kind == Reaction::Kind::go_on &&
                      session.rcpt({Path::parse("<b@example.org>")}, nullptr).kind == Reaction::Kind::go_on;
    if (open) session.end_of_message(nullptr);
  }
  Told told;
  told.said = record.reply ? record.reply->code_text() + " " + record.reply->status_text()
                           : std::string(rules::name(record.action));
  for (const std::string& name : record.degraded) told.degraded += (told.degraded.empty() ? "" : " ") + name;
  told.softened = record.softened;
  told.rule = record.rule;
  return told;
}

constexpr const char* kReject =
    "  - {name: no, when: 'sender-domain is [nxdomain, null-mx, no-domain]', reject: true}\n";
constexpr const char* kBarred = "  - {name: barred, when: 'client.ip in [8.8.8.8]', reject: Barred}\n";
constexpr const char* kGone = "<a@gone.example>";

TEST(Doubt, AnswersOfSoundServersRefuseForGood) {  // the same without what protects below
  Doubtful dns(kZone);
  for (const char* action : {"reject: true", "reject: {code: 554, text: Go}", "defer: true", "discard: true"}) {
    const std::string rules = fmt::format("  - {{name: no, when: sender-domain is nxdomain, {}}}\n", action);
    const Told told = judge(dns, rules, kGone);
    EXPECT_FALSE(told.softened) << action;
    EXPECT_EQ(told.degraded, "") << action;
  }
  EXPECT_EQ(judge(dns, kReject, kGone).said, "550 5.1.8");
  EXPECT_EQ(judge(dns, kReject, "<a@null.example>").said, "550 5.7.27");
  EXPECT_EQ(judge(dns, "  - {name: no, when: sender-domain is nxdomain, discard: true}\n", kGone).said, "discard");
}

TEST(Doubt, ARefusalForGoodBecomesATryAgainWhateverRuleWantedIt) {
  for (const char* action : {"reject: true", "reject: {code: 554, text: Go}", "discard: true"}) {
    const std::string rules = fmt::format("  - {{name: no, when: sender-domain is nxdomain, {}}}\n", action);
    Doubtful dns(kZone);
    dns.doubt = true;
    const Told told = judge(dns, rules, kGone);
    EXPECT_EQ(told.said, "451 4.4.3") << action;
    EXPECT_TRUE(told.softened) << action;
    EXPECT_EQ(told.degraded, "dns:canary") << action;
    EXPECT_EQ(told.rule, "no") << action;
  }
}

TEST(Doubt, IsOfTheAnswerAsMuchAsOfTheMoment) {
  Doubtful dns(kZone);
  dns.trust = Trust::doubted;  // heard while the canary was in doubt, decided when it was green again
  EXPECT_EQ(judge(dns, kReject, kGone).said, "451 4.4.3");
  EXPECT_EQ(judge(dns, kReject, kGone).degraded, "dns:canary");
  dns.trust = Trust::stale;
  EXPECT_EQ(judge(dns, kReject, "<a@null.example>").said, "451 4.4.3");
  EXPECT_EQ(judge(dns, kReject, "<a@null.example>").degraded, "dns:stale");
}

TEST(Doubt, DoesNotReachZoneFilesOrWhatNeedsNoDns) {
  Doubtful dns(kZone);
  dns.doubt = true;
  dns.trust = Trust::local;
  EXPECT_EQ(judge(dns, kReject, kGone).said, "550 5.1.8");
  dns.trust = Trust::servers;
  EXPECT_EQ(judge(dns, kReject, "<a>").said, "553 5.1.7");  // the same check, without a question
  EXPECT_EQ(judge(dns, "  - {name: no, when: 'sender.domain in [gone.example]', reject: No}\n", kGone).said,
            "550 5.7.1");
}

TEST(Doubt, WhatIsLetThroughIsLetThrough) {
  Doubtful dns(kZone);
  dns.doubt = true;
  EXPECT_EQ(judge(dns, kReject, "<a@good.example>").said, "accept");
  EXPECT_FALSE(judge(dns, kReject, "<a@good.example>").softened);
  dns.doubt = false;
  dns.trust = Trust::stale;
  const Told stale = judge(dns, kReject, "<a@good.example>");
  EXPECT_EQ(stale.said, "accept");
  EXPECT_EQ(stale.degraded, "dns:stale");  // told all the same
}

TEST(Doubt, WhatStandsWithoutDnsStandsInItsOwnWords) {
  const std::string rules = fmt::format("{}{}", kReject, kBarred);
  Doubtful dns(kZone);
  EXPECT_EQ(judge(dns, rules, kGone).rule, "no");
  dns.doubt = true;
  const Told told = judge(dns, rules, kGone);
  EXPECT_EQ(told.said, "550 5.7.1");
  EXPECT_EQ(told.rule, "barred");
  EXPECT_FALSE(told.softened);
}

TEST(Doubt, WhatAnotherAnswerWouldHaveSparedIsSpared) {
  // The client's name is denied by a lying server: with its name it would have been let in.
  const std::string rules = fmt::format("  - {{name: known, when: iprev is pass, accept: true}}\n{}", kBarred);
  Doubtful truth(kZone);
  EXPECT_EQ(judge(truth, rules, kGone).said, "accept");
  Doubtful lies("other.example. A 8.8.8.1\n");
  EXPECT_EQ(judge(lies, rules, kGone).said, "550 5.7.1");
  lies.doubt = true;
  const Told told = judge(lies, rules, kGone);
  EXPECT_EQ(told.said, "451 4.4.3");
  EXPECT_EQ(told.rule, "barred");
}

TEST(Doubt, WatchingRulesTellWhatTheyWouldHaveDone) {
  const std::string rules = "  - {name: no, when: sender-domain is nxdomain, reject: true, monitor: true}\n";
  Doubtful dns(kZone);
  dns.doubt = true;
  EXPECT_EQ(judge(dns, rules, kGone).said, "accept");
}

}  // namespace
}  // namespace postern
