#include "tests/scenario/spoofing_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <utility>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/session.h"
#include "policy/mail/edits.h"
#include "tests/support/fake_store.h"
#include "tests/support/temp_folder.h"

namespace postern::spoofing {

namespace {

// The hour at which the signatures are made.
class FixedWall final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return WallTime(std::chrono::seconds(1'790'000'000)); }
};

std::string domain_of(const std::string& address) { return address.substr(address.rfind('@') + 1); }

std::string configuration(const Case& one, const std::string& rules) {
  return fmt::format(
      "version: 1\n"
      "site: {{hostname: {}, domains: [{}]}}\n"
      "accounts: [{{name: people, type: file, path: accounts.yaml}}]\n"
      "rules:\n{}",
      kHost, one.login.empty() ? "victim.example" : domain_of(one.login), rules);
}

class World {
 public:
  World(const Case& one, const std::string& zone, const std::string& rules)
      : zone_(dns::ZoneResolver::parse("zone", zone).value()) {
    std::ofstream(folder_.path() + "/accounts.yaml")
        << "accounts:\n  victim@victim.example: {}\n  boss@victim.example: {}\n  attacker@provider.example: {}\n"
           "  admin@provider.example: {}\n";
    Problems problems;
    auto loaded = config::load_text("test", configuration(one, rules), folder_.path(), {}, problems);
    if (!loaded) throw std::runtime_error(problems.all().at(0).line());
    equipment_ =
        config::equip(*loaded, {}, config::keep_in_memory(store_, clock_, counters_), *zone_, clock_, counters_);
    policy_ = loaded->policy;
  }

  Outcome run(const Case& one, const Case::Message& message) {
    Outcome outcome;
    {
      Session session(services_, {.first = policy_, .current = {}, .can_adopt = {}});
      const Reaction last = speak(session, one, message);
      if (last.kind == Reaction::Kind::refuse) outcome.refusal = last.reply;
      outcome.header = with_edits(message.header, last.edits);
      for (const Edit& edit : last.edits) outcome.written += edit.value;
    }
    outcome.record = record_;
    outcome.record.evidence = nullptr;  // it keeps what stands behind the policy, which this world's clock outlives
    record_ = {};
    for (const HeaderField& field : outcome.header) {
      if (!field.is("Authentication-Results") || claimed_authserv_id(field.value) != kHost) continue;
      outcome.claims.push_back(parse_authentication_results(field.value).value_or(AuthenticationResults()));
    }
    if (outcome.refusal) outcome.written += outcome.refusal->text();
    for (const std::string& line : lines_) outcome.written += line;
    return outcome;
  }

 private:
  // As an MTA would, up to the first refusal.
  Reaction speak(Session& session, const Case& one, const Case::Message& message) {
    const auto refuses = [](const Reaction& r) { return r.kind == Reaction::Kind::refuse; };
    const Greeting greeting{.helo = one.helo, .tls_version = {}, .tls_cipher = {}, .tls_subject = {}};
    session.connect(
        Client{
            .ip = IpAddress::parse(one.client_ip), .name = {}, .ptr = {}, .port = 4711, .listener = {}, .local = false},
        nullptr);
    session.helo(greeting, nullptr);
    Reaction reaction = session.mail(Sender{.path = Path::parse("<" + one.mail_from + ">"),
                                            .login = one.login,
                                            .auth_type = one.login.empty() ? "" : "PLAIN",
                                            .declared_size = {},
                                            .smtputf8 = false},
                                     greeting, nullptr);
    if (refuses(reaction)) return reaction;
    reaction = session.rcpt({Path::parse("<" + one.rcpt_to + ">")}, nullptr);
    if (refuses(reaction)) return reaction;
    session.data(nullptr);
    for (const HeaderField& field : message.header) session.header(field);
    reaction = session.end_of_headers(nullptr);
    if (refuses(reaction)) return reaction;
    session.body(message.body);
    return session.end_of_message(nullptr);
  }

  test::TempFolder folder_;
  FixedWall clock_;
  Counters counters_;
  std::vector<std::string> lines_;
  Log log_{LogForm::logfmt, lines_};
  std::unique_ptr<dns::ZoneResolver> zone_;
  std::shared_ptr<store::Store> store_ = std::make_shared<test::FakeStore>();
  config::Equipment equipment_;
  Pool pool_{"evidence", 0, 0};
  DecisionRecord record_;
  Services services_{clock_, log_,  counters_,
                     *zone_, pool_, [this](const DecisionRecord& record) { record_ = record; }};
  std::shared_ptr<const Policy> policy_;
};

}  // namespace

std::string presets() { return "  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n"; }

std::string open() {
  return R"(
  - {name: ask, when: spf is pass or dkim is pass or arc is pass or dmarc is pass or author is proven or identity is own, tag: asked}
  - {name: shown, when: 'from.name contains "@" or from-domain is ambiguous', tag: shows-an-address}
  - {name: unseen, when: "from.name matches '[[:cntrl:]\\p{Cf}\\x{FF00}]'", tag: unseen}
  - {name: attacker, when: 'from.domain == "attack.example"', tag: of-the-attacker}
  - {name: look-alike, when: "from.domain == 'l\u0435git.example'", tag: look-alike}
  - {name: repeated, when: any repeated, tag: repeated}
)";
}

std::string Outcome::found(std::string_view check) const {
  for (const DecisionRecord::CheckResult& result : record.findings) {
    if (result.check == check) return result.outcome;
  }
  return {};
}

bool Outcome::tagged(std::string_view tag) const {
  return std::find(record.tags.begin(), record.tags.end(), tag) != record.tags.end();
}

std::string Outcome::told() const {
  std::string text =
      refusal ? fmt::format("{} {} {}", refusal->code(), refusal->status_text(), refusal->text()) : "let through";
  if (!record.would.empty()) text += "; would: " + record.would;
  for (const DecisionRecord::CheckResult& result : record.findings)
    text += fmt::format("; {}={} ({})", result.check, result.outcome, printable(result.reason, 100));
  return text + "; " + record.authentication_results;
}

Outcome judge(const Case& one, const std::string& zone, Server server, const std::string& rules) {
  return World(one, zone, rules).run(one, one.as_seen_by(server));
}

}  // namespace postern::spoofing
