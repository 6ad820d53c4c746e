// Standing edits with `sign:`: who is signed for, what the signature covers, seals, and the data for reports.

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"
#include "policy/mail/edits.h"
#include "tests/support/fake_store.h"
#include "tests/support/signed_mail.h"
#include "tests/support/temp_folder.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

const char* const kMail = "From: eva@home.example\nTo: x@far.example\nSubject: Hi\n\nHello\r\n";

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

/// A policy of `rules`, with keys of home.example to sign and to seal with, and a directory that knows eva.
class World {
 public:
  explicit World(const std::string& rules, const std::string& more_zone = "", const std::string& checks = "")
      : zone(dns::ZoneResolver::parse("zone", key_line(key) + more_zone).value()) {
    write(folder.path() + "/key.pem", key.key->pem());
    write(folder.path() + "/accounts.yaml", "accounts:\n  eva@home.example: {}\n");
    std::filesystem::permissions(folder.path() + "/key.pem", std::filesystem::perms::owner_read);
    Problems problems;
    auto configuration = config::load_text("test",
                                           "version: 1\n"
                                           "site: {hostname: mx.home.example, domains: [home.example]}\n"
                                           "accounts: [{name: people, type: file, path: accounts.yaml}]\n"
                                           "sign:\n"
                                           "  keys: [{domain: home.example, selector: s1, file: key.pem}]\n"
                                           "  arc: {domain: home.example, selector: s1, file: key.pem}\n" +
                                               checks + "rules:\n" + rules,
                                           folder.path(), {}, problems);
    if (!configuration) throw std::runtime_error(problems.all().at(0).line());
    config::equip(
        *configuration, {},
        config::keep_in_memory(std::shared_ptr<store::Store>(std::shared_ptr<void>(), &store), clock, counters), *zone,
        clock, counters);
    policy = configuration->policy;
  }

  Reaction run(const std::string& message, const std::string& login, const std::string& from) {
    Session session(services, {.first = policy, .current = {}, .can_adopt = {}});
    session.connect(
        Client{.ip = IpAddress::parse("192.0.2.1"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
    session.mail(
        Sender{.path = Path::parse(from), .login = login, .auth_type = "PLAIN", .declared_size = {}, .smtputf8 = false},
        {}, nullptr);
    session.rcpt({Path::parse("<x@far.example>")}, nullptr);
    const std::size_t header_ends = message.find("\n\n");
    header = header_fields(message.substr(0, header_ends));
    for (const HeaderField& field : header) session.header(field);
    session.end_of_headers(nullptr);
    session.body(std::string_view(message).substr(header_ends + 2));
    return session.end_of_message(nullptr);
  }
  /// The header of the message as it leaves, as text, and its body.
  std::string leaving(const Reaction& reaction, const std::string& message) const {
    std::string text;
    for (const HeaderField& field : with_edits(header, reaction.edits)) text += field.name + ":" + field.value + "\n";
    return text + "\n" + message.substr(message.find("\n\n") + 2);
  }

  TempFolder folder;
  dkim::SigningKey key = signing_key("home.example");
  SystemClock clock;
  std::vector<std::string> lines;
  Log log{LogForm::logfmt, lines};
  Counters counters;
  FakeStore store;
  std::unique_ptr<dns::ZoneResolver> zone;
  Pool pool{"none", 0, 0};
  std::vector<DecisionRecord> records;
  Services services{clock, log,  counters,
                    *zone, pool, [this](const DecisionRecord& record) { records.push_back(record); }};
  std::shared_ptr<const Policy> policy;
  std::vector<HeaderField> header;
};

std::size_t added(const Reaction& reaction, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(reaction.edits.begin(), reaction.edits.end(), [&](const Edit& e) {
    return e.kind == Edit::Kind::insert_header && e.name == name;
  }));
}

TEST(Signing, SignsWhatTheAccountMaySay) {
  World w("  - {name: note, when: always, add_header: {Reply-To: eva@home.example}}\n");
  const Reaction reaction = w.run(kMail, "eva@home.example", "<eva@home.example>");
  ASSERT_EQ(added(reaction, "DKIM-Signature"), 1u);
  test::World reader(key_line(w.key));
  reader.now(1'900'000'000);
  EXPECT_EQ(reader.check("dkim", w.leaving(reaction, kMail)), "pass");
  // What the rule added is signed, too, and nobody can add another.
  EXPECT_EQ(reader.check("dkim", "From: mallory@far.example\n" + w.leaving(reaction, kMail)), "fail");
  EXPECT_EQ(reader.check("dkim", "Reply-To: mallory@far.example\n" + w.leaving(reaction, kMail)), "fail");
  EXPECT_EQ(w.counters.get("sign.signed").value(), 1);
}

TEST(Signing, SignsForNobodyElse) {
  World w("  - {name: none, when: 'sender.domain in [never.example]', reject: true}\n");
  EXPECT_EQ(added(w.run(kMail, "", "<eva@home.example>"), "DKIM-Signature"), 0u) << "not logged in";
  EXPECT_EQ(added(w.run("From: tom@home.example\n\nx\r\n", "eva@home.example", "<eva@home.example>"), "DKIM-Signature"),
            0u)
      << "not her address";
  EXPECT_EQ(w.counters.get("sign.withheld").value(), 1);
  EXPECT_EQ(added(w.run("From: eva@far.example\n\nx\r\n", "eva@home.example", "<eva@home.example>"), "DKIM-Signature"),
            0u)
      << "no key of that domain";
}

// What a setting lets pass unjudged is not ours to vouch for.
TEST(Signing, SignsNoAuthorWhomNobodyJudged) {
  const std::string rules = "  - {name: none, when: 'sender.domain in [never.example]', reject: true}\n";
  const std::string forged = "From: ceo@home.example\n\nx\r\n";
  for (const char* const settings : {"{from: any}", "{from: ignore}"}) {
    World w(rules, "", fmt::format("checks: {{identity: {}}}\n", settings));
    EXPECT_EQ(added(w.run(forged, "eva@home.example", "<eva@home.example>"), "DKIM-Signature"), 0u) << settings;
  }
  World w(rules, "", "checks: {identity: {redirect: yes}}\n");
  EXPECT_EQ(added(w.run("Resent-From: eva@home.example\n" + forged, "eva@home.example", "<eva@home.example>"),
                  "DKIM-Signature"),
            0u);
  EXPECT_EQ(added(w.run(kMail, "eva@home.example", "<eva@home.example>"), "DKIM-Signature"), 1u);
}

TEST(Signing, SealsWhatComesFromOutside) {
  const std::string spf = "far.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n";
  World w("  - {name: spf, when: 'spf is fail', reject: true}\n", spf);
  const std::string mail = "From: a@far.example\nTo: eva@home.example\n\nHello\r\n";
  const Reaction reaction = w.run(mail, "", "<a@far.example>");
  ASSERT_EQ(added(reaction, "ARC-Seal"), 1u);
  EXPECT_EQ(added(reaction, "ARC-Message-Signature"), 1u);
  EXPECT_EQ(added(reaction, "ARC-Authentication-Results"), 1u);
  EXPECT_EQ(added(reaction, "Authentication-Results"), 1u);
  EXPECT_EQ(w.leaving(reaction, mail).rfind("ARC-Seal:", 0), 0u);
  test::World reader(key_line(w.key));
  reader.now(1'900'000'000);
  const Finding finding = reader.finding("arc", w.leaving(reaction, mail));
  EXPECT_EQ(finding.outcome->name, "pass") << finding.reason;
  bool spf_told = false;
  for (const auto& [name, value] : finding.facts) spf_told = spf_told || (name == "spf" && value == "pass");
  EXPECT_TRUE(spf_told);
  EXPECT_EQ(reader.check("arc", w.leaving(reaction, mail) + "footer\r\n"), "fail");
  // A second seal, over the first.
  World next("  - {name: spf, when: 'spf is fail', reject: true}\n", spf + key_line(w.key));
  const std::string sealed = w.leaving(reaction, mail);
  const Reaction again = next.run(sealed, "", "<a@far.example>");
  test::World both(key_line(next.key));
  EXPECT_EQ(added(again, "ARC-Seal"), 1u);
}

TEST(ReportData, IsCountedForWhoAsksForReports) {
  const std::string zone =
      "far.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
      "_dmarc.far.example. TXT \"v=DMARC1; p=reject; rua=mailto:d@far.example\"\n"
      "silent.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n_dmarc.silent.example. TXT \"v=DMARC1; p=reject\"\n";
  World w("  - {name: dmarc, when: 'dmarc is fail-reject', reject: true}\n", zone);
  const std::string mail = "From: a@far.example\n\nHello\r\n";
  w.run(mail, "", "<a@far.example>");
  w.run(mail, "", "<b@far.example>");
  w.run(mail, "", "<a@other.example>");
  w.run("From: a@silent.example\n\nx\r\n", "", "<a@silent.example>");
  const auto rows = w.store.list(store::Space::dmarc_row, "", 10);
  const auto counts = w.store.list(store::Space::dmarc_count, "", 10);
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(counts.size(), 2u);
  std::string all;
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(rows[i].key, counts[i].key);
    all += counts[i].entry.value + ":" + rows[i].entry.value;
  }
  EXPECT_NE(all.find("2:day "), std::string::npos) << all;
  EXPECT_NE(all.find("disposition pass\ndkim fail\nspf pass\nheader_from far.example\nenvelope_from far.example\n"
                     "spf_auth far.example mfrom pass\n"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("disposition reject\ndkim fail\nspf fail\nheader_from far.example\nenvelope_from other.example\n"),
            std::string::npos)
      << all;
}

}  // namespace
}  // namespace postern::test
