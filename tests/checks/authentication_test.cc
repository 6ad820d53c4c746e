// spf, dkim, arc, dmarc and author as checks: outcomes, facts and what Authentication-Results will say. The protocols
// themselves have their suites in tests/auth.

#include <fmt/format.h>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/canonical.h"
#include "policy/dns/zone_resolver.h"
#include "tests/support/signed_mail.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

const char* const kMail = "From: Eva <eva@author.example>\nTo: b@home.example\nSubject: x\n\nHello\r\n";

std::string zone(const std::string& more) {
  return "author.example. MX 10 mx.author.example.\n"
         "author.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
         "soft.example. TXT \"v=spf1 ~all\"\n"
         "broken.example. TXT \"v=spf1 ip4:nonsense -all\"\n"
         "other.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
         "; FAULT down.example TXT SERVFAIL\n" +
         more;
}
const std::string kReject = "_dmarc.author.example. TXT \"v=DMARC1; p=reject; rua=mailto:d@author.example\"\n";

// Signs From and the body as it is, with its length: more may follow (RFC 6376 3.5, l=).
std::string sign_length(const dkim::SigningKey& key, const std::string& message) {
  const std::size_t header_ends = message.find("\n\n");
  dkim::BodyHashes bodies;
  const std::size_t form = bodies.add({});
  bodies.update(std::string_view(message).substr(header_ends + 2));
  bodies.finish();
  const dkim::BodyHashes::Hashed& body = bodies.at(form);
  HeaderField field{"DKIM-Signature",
                    fmt::format(" v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; h=from; l={}; bh={}; b=",
                                key.domain, key.selector, body.bytes, dkim::encode_base64(body.digest))};
  std::string input;
  dkim::append_field(input, header_fields(message.substr(0, header_ends)).front(), dkim::Canonicalization::relaxed);
  dkim::append_signature_field(input, field, dkim::Canonicalization::relaxed);
  const std::string digest = crypto::digest(crypto::Hash::sha256, input);
  field.value += dkim::encode_base64(key.key->sign(crypto::Hash::sha256, digest).value());
  return field.name + ":" + field.value + "\n" + message;
}

std::vector<std::string> facts(const Finding& finding, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [fact, value] : finding.facts) {
    if (fact == name) values.push_back(value);
  }
  return values;
}

std::string field(const Finding& finding) { return authentication_results("x", finding.results); }

TEST(Spf, HasTheWordsOfItsRfc) {
  World w(zone(""));
  w.client("192.0.2.1");
  EXPECT_EQ(w.check("spf", "a@author.example"), "pass");
  EXPECT_EQ(w.check("spf", "a@none.example"), "none");
  EXPECT_EQ(w.check("spf", "a@soft.example"), "softfail");
  EXPECT_EQ(w.check("spf", "a@broken.example"), "permerror");
  EXPECT_EQ(w.check("spf", "a@down.example"), "temperror");
  w.client("192.0.2.2");
  EXPECT_EQ(w.check("spf", "a@author.example"), "fail");
  w.client("");
  EXPECT_EQ(w.check("spf", "a@author.example"), "none");
}

TEST(Spf, TellsWhatItAskedAbout) {
  World w(zone(""));
  w.client("192.0.2.1");
  const Finding finding = w.finding("spf", "a@author.example");
  EXPECT_EQ(facts(finding, "domain"), std::vector<std::string>{"author.example"});
  EXPECT_EQ(field(finding), "x;\n\tspf=pass smtp.mailfrom=a@author.example");
}

TEST(Dkim, PassesAndFails) {
  const dkim::SigningKey key = signing_key("author.example");
  World w(zone(key_line(key)));
  const std::string good = sign(key, kMail);
  const Finding finding = w.finding("dkim", good);
  EXPECT_EQ(finding.outcome->name, "pass") << finding.reason;
  EXPECT_EQ(facts(finding, "domain"), std::vector<std::string>{"author.example"});
  EXPECT_NE(field(finding).find("dkim=pass header.d=author.example header.s=s1 header.a=rsa-sha256"), std::string::npos)
      << field(finding);
  EXPECT_EQ(w.check("dkim", good + "more\r\n"), "fail");
  EXPECT_EQ(w.check("dkim", kMail), "none");
}

// FAULTS T32: it verifies, and proves nothing.
TEST(Dkim, APartOfTheBodyIsNotTheBody) {
  const dkim::SigningKey key = signing_key("author.example");
  World w(zone(kReject + key_line(key)));
  w.client("192.0.2.9");
  const std::string mail = sign_length(key, kMail) + "More, from somebody else\r\n";
  const Finding finding = w.finding("dkim", mail);
  EXPECT_EQ(finding.outcome->name, "policy") << finding.reason;
  EXPECT_NE(field(finding).find("dkim=policy"), std::string::npos) << field(finding);
  EXPECT_NE(field(finding).find("policy.length=partial"), std::string::npos) << field(finding);
  EXPECT_TRUE(facts(finding, "domain").empty());
  EXPECT_EQ(w.check("dmarc", mail), "fail-reject");
  EXPECT_EQ(w.check("author", mail), "unproven");
  w.set("dkim", "trust-length", "yes");
  EXPECT_EQ(w.check("dkim", mail), "pass");
  EXPECT_EQ(w.check("dmarc", mail), "pass");
}

TEST(Dkim, LooksAtSoManySignatures) {
  const dkim::SigningKey key = signing_key("author.example");
  const dkim::SigningKey other = signing_key("other.example");
  World w(zone(key_line(key) + key_line(other)));
  std::string mail = sign(key, kMail);
  for (int i = 0; i < 9; ++i) mail = sign(other, mail);
  const Finding finding = w.finding("dkim", mail);
  EXPECT_EQ(finding.outcome->name, "pass");
  EXPECT_EQ(facts(finding, "domain").front(), "other.example");
  EXPECT_EQ(facts(finding, "capped"), std::vector<std::string>{"5"});
  EXPECT_EQ(w.counters().get("checks.dkim.signatures-capped").value(), 1);
  // The author's own is among those that are looked at, though it is the last of them.
  const auto domains = facts(finding, "domain");
  EXPECT_NE(std::find(domains.begin(), domains.end(), "author.example"), domains.end());
}

TEST(Dmarc, JudgesTheAuthor) {
  const dkim::SigningKey key = signing_key("author.example");
  World w(zone(kReject + key_line(key)));
  w.client("192.0.2.1");
  w.mail_from("a@author.example");
  EXPECT_EQ(w.check("dmarc", kMail), "pass");
  w.mail_from("a@other.example");
  EXPECT_EQ(w.check("dmarc", kMail), "fail-reject");
  EXPECT_EQ(w.check("dmarc", sign(key, kMail)), "pass");
  EXPECT_EQ(w.check("dmarc", "From: x@nowhere.example\n\n"), "none");
  EXPECT_EQ(w.check("author", "From: x@nowhere.example\n\n"), "unproven");
  const Finding finding = w.finding("dmarc", kMail);
  EXPECT_EQ(facts(finding, "policy"), std::vector<std::string>{"reject"});
  EXPECT_EQ(field(finding), "x;\n\tdmarc=fail header.from=author.example policy.dmarc=reject");
}

TEST(Dmarc, AnAmbiguousAuthorIsNeverNone) {
  World w(zone(kReject));
  w.client("192.0.2.1");
  w.mail_from("a@author.example");
  for (const char* const header :
       {"", "From: a@author.example\nFrom: b@other.example", "From: a@author.example, b@other.example",
        "From: nobody:;", "From: <a@author.example", "From: \"a@author.example\" b@other.example",
        "From: a@author.example <b@other.example>"}) {
    EXPECT_EQ(w.check("dmarc", std::string(header) + "\n\nx\r\n"), "no-author") << header;
    EXPECT_EQ(w.check("author", std::string(header) + "\n\nx\r\n"), "no-author") << header;
  }
}

TEST(Dmarc, ADeadServerIsNeitherNoneNorFail) {
  World w(zone("; FAULT _dmarc.author.example TXT SERVFAIL\n"));
  w.client("192.0.2.9");
  w.mail_from("a@other.example");
  EXPECT_EQ(w.check("dmarc", kMail), "temperror");
}

/// Answers of names below `slow` are always still on their way.
class Slow final : public dns::Resolver {
 public:
  Slow(std::string_view zone, std::string slow)
      : next_(dns::ZoneResolver::parse("zone", zone).value()), slow_(std::move(slow)) {}
  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    if (!question.name.text().ends_with(slow_)) return next_->query(question, deadline);
    dns::Answer late;
    late.late = true;
    return std::make_shared<const dns::Answer>(late);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

 private:
  std::unique_ptr<dns::Resolver> next_;
  std::string slow_;
};

// Who sends, and signs, from a zone that never answers does not put off the policy of the author that he forges.
TEST(Dmarc, AStrangersSlowZoneHoldsUpNobodysPolicy) {
  Slow resolver(zone(kReject), "slow.example");
  World w(resolver);
  w.client("192.0.2.1");
  w.mail_from("x@slow.example");
  EXPECT_EQ(w.check("dmarc", kMail), "fail-reject");
  EXPECT_EQ(w.check("author", kMail), "unproven");
  EXPECT_EQ(w.check("dmarc", sign(signing_key("slow.example"), kMail)), "fail-reject");
}

TEST(Dmarc, TheAuthorsOwnSlowZoneIsWaitedFor) {
  Slow resolver(zone(kReject), "_domainkey.author.example");
  World w(resolver);
  w.client("192.0.2.9");
  w.mail_from("x@other.example");
  w.set("dmarc", "timeout", "100ms");
  w.set("author", "timeout", "100ms");
  const std::string mail = sign(signing_key("author.example"), kMail);
  const Finding finding = w.finding("dmarc", mail);
  EXPECT_EQ(finding.outcome->name, "temperror");
  EXPECT_EQ(field(finding), "x;\n\tdmarc=temperror");
  EXPECT_EQ(w.check("author", mail), "unavailable");
}

TEST(Spf, ASlowNameInHeloTakesNothingFromMailFrom) {
  Slow resolver(zone(""), "slow.example");
  World w(resolver);
  w.set("spf", "helo", "yes");
  w.client("192.0.2.9");
  w.helo("slow.example");
  EXPECT_EQ(w.check("spf", "a@author.example"), "fail");
}

// RFC 9989 4.10: `psd=n` says where an organization ends, with a policy or without.
TEST(Dmarc, AnOrganizationThatHasNoPolicyIsOneAllTheSame) {
  World w(
      zone("_dmarc.host.example. TXT \"v=DMARC1; p=reject\"\n"
           "_dmarc.customer.host.example. TXT \"v=DMARC1; psd=n\"\n"
           "evil.host.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"));
  w.client("192.0.2.1");
  w.mail_from("x@evil.host.example");
  EXPECT_EQ(w.check("dmarc", "From: a@x.customer.host.example\n\nx\r\n"), "fail-none");
}

TEST(Dmarc, ARecordThatCanNotBeUsedIsAnError) {
  World w(zone("_dmarc.author.example. TXT \"v=DMARC1; p=nonsense\"\n"));
  w.client("192.0.2.9");
  w.mail_from("x@other.example");
  EXPECT_EQ(w.check("dmarc", kMail), "permerror");
}

TEST(Dkim, PrintsOnlySoManyResults) {
  World w(zone(""));
  std::string mail = kMail;
  for (int i = 0; i < 400; ++i) mail = "DKIM-Signature: v=2; d=author.example; s=s1\n" + mail;
  const Finding finding = w.finding("dkim", mail);
  EXPECT_EQ(finding.outcome->name, "permerror");
  EXPECT_EQ(finding.results.size(), 5u);
  EXPECT_LT(field(finding).size(), 2000u);
  EXPECT_NE(field(finding).find("policy.not-verified=395"), std::string::npos);
}

// A sender whose own record asks for all that there is does not let DMARC starve.
TEST(Dmarc, HasAShareOfItsOwnOfTheQuestions) {
  std::string greedy = "greedy.example. TXT \"v=spf1";
  std::string hosts;
  for (int i = 0; i < 10; ++i) {
    greedy += fmt::format(" mx:m{}.example", i);
    for (int j = 0; j < 10; ++j) {
      hosts += fmt::format("m{0}.example. MX {1} h{1}.m{0}.example.\nh{1}.m{0}.example. A 10.{0}.{1}.1\n", i, j);
    }
  }
  World w(zone(kReject + greedy + " -all\"\n" + hosts));
  w.client("192.0.2.1");
  w.mail_from("a@greedy.example");
  EXPECT_EQ(w.check("dmarc", kMail), "fail-reject");
}

TEST(Author, IsProvenWithoutAPolicyToo) {
  World w(zone(""));
  w.client("192.0.2.1");
  w.mail_from("bounces@author.example");
  EXPECT_EQ(w.check("author", "From: eva@mail.author.example\n\nx\r\n"), "proven");
  EXPECT_EQ(w.check("author", "From: eva@other.example\n\nx\r\n"), "unproven");
}

TEST(Preflight, SeesOurZoneAsOthersDo) {
  const dkim::SigningKey key = signing_key("home.example");
  const std::string mx = "home.example. MX 10 mx.home.example.\n";
  const std::string spf = "home.example. TXT \"v=spf1 ip4:198.51.99.1 -all\"\n";
  const std::string dmarc = "_dmarc.home.example. TXT \"v=DMARC1; p=reject\"\n";
  const auto outcome = [&](const std::string& records, bool signs = true) {
    World w(records);
    w.direction(Direction::submission);
    w.mail_from("eva@home.example");
    if (signs) w.signs({.keys = {key}, .seal = {}});
    return w.check("preflight", "From: eva@home.example");
  };
  EXPECT_EQ(outcome(mx + spf + dmarc + key_line(key)), "ok");
  EXPECT_EQ(outcome(spf + dmarc + key_line(key)), "no-mail-host");
  EXPECT_EQ(outcome("home.example. MX 0 .\n" + spf + key_line(key)), "no-mail-host");
  EXPECT_EQ(outcome(mx + key_line(key)), "spf-fails");
  EXPECT_EQ(outcome(mx + spf + dmarc), "dkim-fails");
  EXPECT_EQ(outcome(mx + spf + dmarc + key_line(signing_key("home.example"))), "dkim-fails");
  EXPECT_EQ(outcome(mx + dmarc), "dmarc-fails");
  EXPECT_EQ(outcome(mx + spf + dmarc, false), "ok");
  EXPECT_EQ(outcome("; FAULT home.example MX SERVFAIL\n" + spf + key_line(key)), "unavailable");
  EXPECT_EQ(outcome(spf + key_line(key) + "; FAULT home.example A SERVFAIL\n; FAULT home.example AAAA SERVFAIL\n"),
            "unavailable");
}

TEST(Preflight, IsOfOurUsersMailAlone) {
  World w("x.example. A 192.0.2.1\n");
  w.mail_from("eva@home.example");
  EXPECT_EQ(w.check("preflight", "From: eva@home.example"), "none");
  w.direction(Direction::submission);
  EXPECT_EQ(w.check("preflight", "From: eva@elsewhere.example"), "none");
}

}  // namespace
}  // namespace postern::test
