// No failure of DNS ever costs a sender a 5xx: every zone below, every question that it leads to, every way to fail.

#include <set>

#include "tests/checks/breaking_resolver.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using test::Asked;
using test::BreakingResolver;
using test::Trouble;

struct Story {
  const char* check;
  const char* subject;
  const char* zone;
};

constexpr const char* kHosts =
    "good.example. A 8.8.8.1\n"
    "good.example. AAAA 2a00::1\n"
    "four.example. A 8.8.8.2\n"
    "six.example. AAAA 2a00::2\n"
    "loop.example. A 127.0.0.1\n"
    "lan.example. A 10.0.0.1\n"
    "lan.example. AAAA fd00::1\n"
    "bogon.example. A 0.0.0.0\n"
    "lanbut.example. A 10.0.0.1\n"
    "lanbut.example. AAAA 2a00::3\n"
    "us.example. A 198.51.99.1\n"
    "empty.example. TXT x\n"
    "alias.example. CNAME good.example.\n"
    "dead.example. CNAME nowhere.example.\n"
    "four.in-addr.arpa. TXT x\n";

std::string with_hosts(std::string_view more) {
  std::string zone = kHosts;
  zone.append(more);
  return zone;
}

constexpr Story kStories[] = {
    {"sender-domain", "a@gone.example", ""},
    {"sender-domain", "a@empty.example", ""},
    {"sender-domain", "a@good.example", ""},
    {"sender-domain", "a@lan.example", ""},
    {"sender-domain", "a@lanbut.example", ""},
    {"sender-domain", "a@us.example", ""},
    {"sender-domain", "a@alias.example", ""},
    {"sender-domain", "a@dead.example", ""},
    {"sender-domain", "a@x.example", "x.example. MX 0 .\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 0 .\n"
     "x.example. MX 5 good.example.\n"},
    {"sender-domain", "a@x.example", "x.example. MX 5 good.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 four.example.\n"
     "x.example. MX 6 six.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 loop.example.\n"
     "x.example. MX 6 six.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 loop.example.\n"
     "x.example. MX 6 lan.example.\n"
     "x.example. MX 7 bogon.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 nowhere.example.\n"
     "x.example. MX 6 empty.example.\n"
     "x.example. MX 7 192.0.2.1.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 nowhere.example.\n"
     "x.example. MX 6 nowhere2.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 alias.example.\n"
     "x.example. MX 6 lan.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 alias.example.\n"
     "x.example. MX 6 good.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 us.example.\n"
     "x.example. MX 6 bogon.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 mx.home.example.\n"
     "x.example. MX 6 nowhere.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. MX 5 a\\032b.example.\n"
     "x.example. MX 6 dead.example.\n"},
    {"sender-domain", "a@x.example",
     "x.example. CNAME y.example.\n"
     "y.example. MX 5 lanbut.example.\n"},
    {"from-domain", "From: a@good.example", ""},
    {"from-domain", "From: a@gone.example", ""},
    {"from-domain", "From: a@lan.example", ""},
    {"from-domain", "From: a@x.example", "x.example. MX 0 .\n"},
    {"from-domain", "From: a@alias.example, b@good.example\nSender: a@good.example", ""},
    {"from-domain", "From: a@good.example, b@gone.example\nSender: a@good.example", ""},
    {"from-domain", "From: a@x.example, b@gone.example\nSender: a@good.example",
     "x.example. MX 5 loop.example.\n"
     "x.example. MX 6 six.example.\n"},
    {"helo-name", "good.example", ""},
    {"helo-name", "four.example", ""},
    {"helo-name", "six.example", ""},
    {"helo-name", "alias.example", ""},
    {"helo-name", "dead.example", ""},
    {"helo-name", "gone.example", ""},
    {"helo-name", "empty.example", ""},
    {"helo-name", "home.example", ""},
    {"helo-name", "home.example", "home.example. A 8.8.8.1\n"},
    {"helo-name", "x.example", "x.example. MX 5 good.example.\n"},
    {"iprev", "8.8.8.1", ""},
    {"iprev", "8.8.8.1", "1.8.8.8.in-addr.arpa. PTR good.example.\n"},
    {"iprev", "8.8.8.1", "1.8.8.8.in-addr.arpa. PTR four.example.\n"},
    {"iprev", "8.8.8.1",
     "1.8.8.8.in-addr.arpa. PTR four.example.\n"
     "1.8.8.8.in-addr.arpa. PTR good.example.\n"},
    {"iprev", "8.8.8.1",
     "1.8.8.8.in-addr.arpa. PTR nowhere.example.\n"
     "1.8.8.8.in-addr.arpa. PTR empty.example.\n"},
};

struct Tally {
  int runs = 0;
  int failed = 0;  // answered with the failure outcome
  std::vector<std::string> violations;
};

std::string describe(const Story& story, const std::set<Asked>& broken) {
  std::string text = std::string(story.check) + " " + story.subject + " [" + story.zone + "]";
  for (const Asked& b : broken)
    text +=
        " " + b.question.name.text() + "/" + std::string(dns::name(b.question.type)) + (b.uncached ? " uncached" : "");
  return text;
}

// Breaks `broken`, and one more question of those that the run then leads to, as deep as `depth`.
void break_more(const Story& story, const std::set<Asked>& broken, int depth, Trouble trouble, bool honest,
                const Outcome* healthy, Tally& tally) {
  BreakingResolver resolver(with_hosts(story.zone));
  resolver.broken = broken;
  resolver.trouble = trouble;
  resolver.honest = honest;
  test::World world(resolver);
  world.client("8.8.8.1");
  const Finding finding = world.finding(story.check, story.subject);
  ++tally.runs;
  if (healthy == nullptr) healthy = finding.outcome;
  if (finding.outcome->failure == Failure::yes)
    ++tally.failed;
  else if (finding.outcome != healthy)
    tally.violations.push_back(describe(story, broken) + ": " + std::string(finding.outcome->name));
  if (depth == 0) return;
  for (const Asked& question : resolver.asked) {
    if (broken.contains(question)) continue;
    std::set<Asked> more = broken;
    more.insert(question);
    break_more(story, more, depth - 1, trouble, honest, healthy, tally);
  }
}

Tally matrix(bool honest) {
  Tally tally;
  for (const Story& story : kStories) {
    for (const Trouble trouble : {Trouble::tempfail, Trouble::bogus})
      break_more(story, {}, 2, trouble, honest, nullptr, tally);
  }
  return tally;
}

TEST(FaultMatrix, NoFailureMakesABadOutcome) {
  const Tally tally = matrix(true);
  EXPECT_THAT(tally.violations, testing::IsEmpty());
  EXPECT_GT(tally.runs, 500);
  EXPECT_GT(tally.failed, 100);
  RecordProperty("runs", tally.runs);
}

// The matrix can fail: where failures pass for "no such record", it says so.
TEST(FaultMatrix, SeesAResolverThatHidesFailures) { EXPECT_GT(matrix(false).violations.size(), 50u); }

}  // namespace
}  // namespace postern
