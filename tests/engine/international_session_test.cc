// A message of SMTPUTF8 (RFC 6531) through a whole dialogue: its authentication is found out and told, and no byte of its
// addresses gets lost.

#include <algorithm>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"
#include "policy/mail/authentication_results.h"
#include "tests/support/fake_store.h"
#include "tests/support/signed_mail.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

const std::string kDomain =
    "b\xc3\xbc"
    "cher.example";
const std::string kAscii = "xn--bcher-kva.example";
const std::string kSender = "j\xc3\xbcrgen@" + kDomain;

struct Judged {
  DecisionRecord record;
  std::string results;  ///< of the Authentication-Results field that is added
  std::string log;
};

Judged judge(const std::string& zone_text, const std::string& message) {
  SystemClock clock;  // these three outlive the configuration, whose ledger counts and keeps until it ends
  Counters counters;
  FakeStore store;
  Problems problems;
  auto configuration =
      config::load_text("test",
                        "version: 1\nsite: {hostname: mx.home.example, domains: [home.example]}\nrules:\n"
                        "  - {name: forged, when: 'dmarc is fail-reject', reject: true}\n"
                        "  - {name: seen, when: 'spf is pass and dkim is pass and sender == \"" +
                            kSender + "\" and recipient.domain in [\"" + kDomain + "\"]', tag: seen}\n",
                        ".", {}, problems);
  if (!configuration) throw std::runtime_error(problems.all().at(0).line());
  const auto zone = dns::ZoneResolver::parse("zone", zone_text).value();
  config::equip(*configuration, {},
                config::keep_in_memory(std::shared_ptr<store::Store>(std::shared_ptr<void>(), &store), clock, counters),
                *zone, clock, counters);
  Judged judged;
  std::vector<std::string> lines;
  Log log(LogForm::logfmt, lines);
  Pool pool("none", 0, 0);
  Services services{clock, log, counters, *zone, pool, [&](const DecisionRecord& record) {
                      judged.record = record;
                      judged.record.evidence = nullptr;  // it keeps what stands behind the policy, which counts here
                    }};
  Session session(services, {.first = configuration->policy, .current = {}, .can_adopt = {}});
  Client client;
  client.ip = IpAddress::parse("192.0.2.1");
  session.connect(client, nullptr);
  Sender sender;
  sender.path = Path::parse("<" + kSender + ">");
  sender.smtputf8 = true;
  session.mail(sender, {}, nullptr);
  session.rcpt({Path::parse("<x@" + kDomain + ">")}, nullptr);
  const std::size_t header_ends = message.find("\n\n");
  for (const HeaderField& field : header_fields(message.substr(0, header_ends))) session.header(field);
  session.end_of_headers(nullptr);
  session.body(std::string_view(message).substr(header_ends + 2));
  for (const Edit& edit : session.end_of_message(nullptr).edits)
    if (edit.name == "Authentication-Results") judged.results = edit.value;
  for (const std::string& line : lines) judged.log += line + "\n";
  return judged;
}

std::string zone_of(const dkim::SigningKey& key) {
  return key_line(key) + kAscii + ". TXT \"v=spf1 ip4:192.0.2.1 -all\"\n_dmarc." + kAscii +
         ". TXT \"v=DMARC1; p=reject\"\n";
}

std::string mail_of(const std::string& author) {
  return "From: J\xc3\xbcrgen <" + author + ">\nTo: x@" + kDomain + "\nSubject: gr\xc3\xbc\xc3\x9f\x65\n\nHello\r\n";
}

TEST(InternationalSession, FindsAllAndLosesNothing) {
  const dkim::SigningKey key = signing_key(kAscii);
  const Judged judged = judge(zone_of(key), sign({kDomain, key.selector, key.key}, mail_of(kSender)));
  EXPECT_EQ(judged.record.action, rules::FinalAction::accept);
  EXPECT_EQ(judged.record.tags, std::vector<std::string>{"seen"});
  EXPECT_EQ(judged.record.sender->path.raw, "<" + kSender + ">");
  const auto read = parse_authentication_results(judged.results);
  ASSERT_TRUE(read) << judged.results;
  ASSERT_EQ(read->results.size(), 3u) << judged.results;
  for (const AuthenticationResult& result : read->results) EXPECT_EQ(result.result, "pass") << judged.results;
  for (const std::string_view what : {"header.from=" + kAscii, "header.d=" + kAscii, "smtp.mailfrom=@" + kAscii})
    EXPECT_NE(judged.results.find(what), std::string::npos) << what << judged.results;
  EXPECT_TRUE(std::all_of(judged.results.begin(), judged.results.end(),
                          [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

TEST(InternationalSession, RefusesTheForgery) {
  const dkim::SigningKey key = signing_key(kAscii);
  std::string zone = zone_of(key);
  zone.replace(zone.find("192.0.2.1"), 9, "192.0.2.2");
  for (const std::string& author : {kSender, "info@" + kAscii}) {
    const Judged judged = judge(zone, mail_of(author));
    EXPECT_EQ(judged.record.action, rules::FinalAction::reject) << author;
    EXPECT_EQ(judged.record.rule, "forged");
  }
}

}  // namespace
}  // namespace postern::test
