#include "tests/session/test_policy.h"

#include <stdexcept>

#include "config/configuration.h"

namespace postern::session {

namespace {

using Does = PolicyRule::Does;

std::string condition(const PolicyRule& rule) {
  switch (rule.atom) {
    case Atom::always: return "always";
    case Atom::client_bad: return "client.ip in [8.8.8.66]";
    case Atom::helo_bad: return "helo == \"bad.helo.test\"";
    case Atom::sender_bad: return "sender.domain in [bad.test]";
    case Atom::sender_soft: return "sender.domain in [soft.test]";
    case Atom::authenticated: return "authenticated";
    case Atom::recipient_bad: return "recipient.local == \"bad\"";
    case Atom::recipient_soft: return "recipient.local == \"soft\"";
    case Atom::recipient_other: return "recipient.local == \"other\"";
    case Atom::header_spam: return "header.Subject contains \"spam\"";
    case Atom::large: return "size > " + std::to_string(kLargeBytes);
    case Atom::domain_unusable: return "sender-domain is [malformed, no-domain]";
    case Atom::domain_gone: return "sender-domain is nxdomain";
    case Atom::domain_null_mx: return "sender-domain is null-mx";
    case Atom::domain_unavailable: return "sender-domain is [unavailable, bogus]";
  }
  return {};
}

std::string action(const PolicyRule& rule) {
  const auto reply = [&] {
    return "{code: " + rule.reply.substr(0, 3) + ", status: " + rule.reply.substr(4) + ", text: \"because of " +
           rule.name + " in {sender}, 100%\"}";
  };
  switch (rule.does) {
    case Does::reject: return "reject: " + reply();
    case Does::defer: return "defer: " + reply();
    case Does::quarantine: return "quarantine: \"held by " + rule.name + "\"";
    case Does::discard: return "discard: true";
    case Does::accept: return "accept: true";
    case Does::mark: return "add_header: {X-Mark: \"" + rule.name + "\"}";
  }
  return {};
}

constexpr const char* kSite =
    "version: 1\n"
    "site: {hostname: mx.site.test, domains: [site.test], networks: [10.0.0.0/8], submission: [submission]}\n";

TestPolicy policy(std::string name, std::vector<PolicyRule> rules, const std::string& top = {}) {
  TestPolicy p{.name = std::move(name), .text = kSite + top, .rules = std::move(rules)};
  p.text += p.rules.empty() ? "rules: []\n" : "rules:\n";
  for (const PolicyRule& rule : p.rules)
    p.text += "  - {name: " + rule.name + ", when: '" + condition(rule) + "', " + action(rule) +
              (rule.monitored ? ", monitor: true}\n" : "}\n");
  if (top.find("mode: monitor") != std::string::npos) {
    for (PolicyRule& rule : p.rules) rule.monitored = true;
  }
  p.at_sender = top.find("answer_at: sender") != std::string::npos;
  if (top.find("split: whole") != std::string::npos) p.split = "whole";
  return p;
}

// presets/inbound.yaml, as far as the words of the sessions can tell.
TestPolicy inbound() {
  const auto rule = [](std::string name, Atom atom, Does does, std::string reply) {
    return PolicyRule{.name = "inbound/" + std::move(name),
                      .atom = atom,
                      .does = does,
                      .reply = std::move(reply),
                      .inbound_only = true,
                      .not_postmaster = true};
  };
  TestPolicy p{.name = "inbound",
               .text = std::string(kSite) + "rules:\n  - {include: presets/inbound.yaml, change: {no-author: off, dmarc-reject: off}}\n",
               .rules = {rule("sender-address", Atom::domain_unusable, Does::reject, "553 5.1.7"),
                         rule("no-such-domain", Atom::domain_gone, Does::reject, "550 5.1.8"),
                         rule("no-mail-wanted", Atom::domain_null_mx, Does::reject, "550 5.7.27"),
                         rule("not-verified", Atom::domain_unavailable, Does::defer, "451 4.4.3")}};
  p.standing_edits = true;
  return p;
}

void compile(TestPolicy& p, std::uint64_t generation) {
  Problems problems;
  const config::LoadOptions options{.generation = generation, .zone_file = {}, .offline = true};
  auto configuration = config::load_text(p.name, p.text, ".", options, problems);
  if (!configuration) {
    std::string all = p.text;
    for (const Problem& problem : problems.sorted()) all += problem.line() + "\n";
    throw std::runtime_error(all);
  }
  p.compiled = configuration->policy;
}

}  // namespace

std::vector<TestPolicy> test_policies() {
  const std::vector<PolicyRule> each_stage = {
      {"client", Atom::client_bad, Does::reject, "550 5.7.11"},
      {"helo", Atom::helo_bad, Does::reject, "550 5.7.12"},
      {"sender", Atom::sender_bad, Does::reject, "550 5.7.13"},
      {"soft", Atom::sender_soft, Does::defer, "450 4.7.14"},
      {"user", Atom::recipient_bad, Does::reject, "550 5.1.1"},
      {"later", Atom::recipient_soft, Does::defer, "450 4.2.1"},
      {"spam", Atom::header_spam, Does::reject, "554 5.7.15"},
      {"large", Atom::large, Does::reject, "552 5.3.4"},
  };
  std::vector<TestPolicy> all;
  all.push_back(inbound());
  all.push_back(policy("open", {}));
  all.push_back(policy("each-stage", each_stage));
  all.push_back(policy("at-sender", each_stage, "answer_at: sender\n"));
  all.push_back(policy("looking", each_stage, "mode: monitor\n"));
  all.push_back(policy("envelope", {{"sender", Atom::sender_bad, Does::reject, "550 5.7.13"},
                                    {"user", Atom::recipient_bad, Does::reject, "550 5.1.1"}}));
  all.push_back(policy("held-back", {{"drop", Atom::header_spam, Does::discard},
                                     {"sender", Atom::sender_bad, Does::reject, "550 5.7.13"},
                                     {"user", Atom::recipient_bad, Does::defer, "450 4.2.1"}}));
  all.push_back(policy("kept", {{"mark-soft", Atom::sender_soft, Does::mark},
                                {"hold", Atom::header_spam, Does::quarantine},
                                {"drop", Atom::large, Does::discard},
                                {"mark-user", Atom::authenticated, Does::mark}}));
  all.push_back(policy("apart", {{"hold", Atom::recipient_other, Does::quarantine},
                                 {"friend", Atom::authenticated, Does::accept},
                                 {"spam", Atom::header_spam, Does::reject, "554 5.7.15"}}));
  all.push_back(policy("whole",
                       {{"other", Atom::recipient_other, Does::discard},
                        {"soft-user", Atom::recipient_soft, Does::quarantine},
                        {"friend", Atom::authenticated, Does::accept},
                        {"user", Atom::recipient_bad, Does::reject, "550 5.1.1"}},
                       "split: whole\n"));
  all.push_back(policy("lookups", {{"unusable", Atom::domain_unusable, Does::reject, "553 5.1.7"},
                                   {"hold", Atom::domain_null_mx, Does::quarantine},
                                   {"mark-gone", Atom::domain_gone, Does::mark},
                                   {"other", Atom::recipient_other, Does::reject, "550 5.1.1"},
                                   {"watched", Atom::always, Does::reject, "550 5.7.1", false, false, true}}));
  all.push_back(policy("nobody", {{"closed", Atom::always, Does::reject, "550 5.7.1"}}, "answer_at: sender\n"));
  std::uint64_t generation = 0;
  for (TestPolicy& p : all) compile(p, ++generation);
  return all;
}

}  // namespace postern::session
