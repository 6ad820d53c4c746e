#include "config/configuration.h"
#include "policy/engine/policy.h"

namespace postern {
namespace {

Needs needs_of(const std::string& rest) {
  Problems problems;
  const auto configuration = config::load_text(
      "test", "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\n" + rest, ".", {}, problems);
  for (const Problem& problem : problems.all()) EXPECT_EQ(problem.kind, Problem::Kind::warning) << problem.line();
  return configuration ? configuration->policy->needs : Needs{};
}

TEST(Needs, APolicyThatDoesNothingWantsNothing) {
  const Needs needs = needs_of("rules: []\n");
  EXPECT_FALSE(needs.headers || needs.body || needs.reply_mail || needs.reply_rcpt || needs.reply_data ||
               needs.reply_headers || needs.reply_body);
  EXPECT_FALSE(needs.quarantine || needs.add_headers || needs.change_headers || needs.tls_macros);
}

TEST(Needs, ARefusalWantsTheRepliesFromAnswerAtOn) {
  const std::string rules = "rules:\n  - {name: a, when: sender-domain is null-mx, reject: true}\n";
  const Needs at_recipient = needs_of(rules);
  EXPECT_FALSE(at_recipient.reply_mail);
  EXPECT_TRUE(at_recipient.reply_rcpt);
  EXPECT_FALSE(at_recipient.reply_data);  // nothing more is known there
  EXPECT_FALSE(at_recipient.headers || at_recipient.body);
  EXPECT_TRUE(needs_of("answer_at: sender\n" + rules).reply_mail);
}

TEST(Needs, AStepIsAnsweredWhereItsAnswerSparesSomething) {
  const Needs counted = needs_of("rules:\n  - {name: a, when: recipients.count > 5, reject: true}\n");
  EXPECT_TRUE(counted.reply_data);  // a recipient too many refuses those before it, too
  const std::string by_header = "rules:\n  - {name: a, when: any header.X-A, reject: true}\n";
  EXPECT_FALSE(needs_of(by_header).reply_headers);
  EXPECT_TRUE(needs_of(by_header + "  - {name: b, when: size > 5 MB, reject: true}\n").reply_headers);
}

TEST(Needs, MonitoringWantsNoReply) {
  EXPECT_FALSE(
      needs_of("mode: monitor\nrules:\n  - {name: a, when: sender-domain is null-mx, reject: true}\n").reply_rcpt);
  EXPECT_FALSE(
      needs_of("rules:\n  - {name: a, when: sender-domain is null-mx, monitor: true, reject: true}\n").reply_rcpt);
}

TEST(Needs, WhatIsReadIsSent) {
  EXPECT_TRUE(needs_of("rules:\n  - {name: a, when: any header.X-A, quarantine: true}\n").headers);
  EXPECT_TRUE(needs_of("rules:\n  - {name: a, when: any header.X-A, quarantine: true}\n").quarantine);
  EXPECT_FALSE(needs_of("rules:\n  - {name: a, when: any header.X-A, quarantine: true}\n").body);
  EXPECT_TRUE(needs_of("rules:\n  - {name: a, when: size > 5 MB, quarantine: true}\n").body);
  EXPECT_TRUE(needs_of("rules:\n  - {name: a, when: 'tls.version == \"TLSv1\"', defer: true}\n").tls_macros);
}

TEST(Needs, EditsWantTheirActions) {
  const Needs added = needs_of("rules:\n  - {name: a, when: always, add_header: {X-A: b}}\n");
  EXPECT_TRUE(added.add_headers);
  EXPECT_FALSE(added.change_headers || added.headers);
  const Needs standing = needs_of(
      "rules:\n  - {name: a, when: iprev is fail, tag: x}\n");  // Authentication-Results: forged ones go, ours comes
  EXPECT_TRUE(standing.add_headers && standing.change_headers && standing.headers);
}

}  // namespace
}  // namespace postern
