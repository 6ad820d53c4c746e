// Mail with U-labels and UTF-8 local parts (RFC 6531, RFC 8616): the same domain in either form is one domain, and what
// looks like it is another.

#include <fmt/format.h>

#include <algorithm>

#include "policy/mail/authentication_results.h"
#include "tests/support/signed_mail.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

const std::string kUnicode =
    "b\xc3\xbc"
    "cher.example";
const std::string kAscii = "xn--bcher-kva.example";
const std::string kUpper =
    "B\xc3\x9c"
    "cHER.Example";
const std::string kDecomposed =
    "bu\xcc\x88"
    "cher.example";  // u, then the diaeresis: NFC makes one of them
const std::string kWide =
    "b\xc3\xbc"
    "cher\xe3\x80\x82"
    "example";                                                  // an ideographic full stop (UTS #46)
const std::string kHomoglyph = "b\xc3\xbc\xd1\x81her.example";  // the c is Cyrillic

const std::string kPolicy = "_dmarc." + kAscii + ". TXT \"v=DMARC1; p=reject\"\n";
const std::string kSpf = kAscii + ". TXT \"v=spf1 ip4:192.0.2.1 -all\"\n";

std::string mail_of(const std::string& domain) { return "From: <info@" + domain + ">\nSubject: x\n\nHello\r\n"; }

/// Signed by the key of the A-label, with d= as the mail has it.
std::string signed_as(const dkim::SigningKey& key, const std::string& domain, const std::string& selector) {
  return sign({domain, selector, key.key}, mail_of(domain));
}

std::string field(const Finding& finding) { return authentication_results("mx.home.example", finding.results); }

void is_whole_and_ascii(const Finding& finding) {
  const std::string text = field(finding);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
      << text;
  const auto read = parse_authentication_results(text);
  ASSERT_TRUE(read) << text;
  ASSERT_EQ(read->results.size(), finding.results.size());
  for (std::size_t i = 0; i < read->results.size(); ++i) EXPECT_EQ(read->results[i].result, finding.results[i].result);
}

TEST(InternationalMail, HasOneAuthorInEitherForm) {
  World w(kPolicy + kSpf);
  w.client("192.0.2.1");
  for (const std::string& domain : {kUnicode, kAscii, kUpper, kDecomposed, kWide}) {
    w.mail_from("info@" + kAscii);
    const Finding passed = w.finding("dmarc", mail_of(domain));
    EXPECT_EQ(passed.outcome->name, "pass") << domain << passed.reason;
    EXPECT_NE(field(passed).find("header.from=" + kAscii), std::string::npos) << field(passed);
    is_whole_and_ascii(passed);
    w.mail_from("x@elsewhere.example");
    EXPECT_EQ(w.check("dmarc", mail_of(domain)), "fail-reject") << domain;
  }
}

TEST(InternationalMail, IsAnotherDomainsWhereItOnlyLooksAlike) {
  World w(kPolicy + kSpf);
  w.client("192.0.2.1");
  w.mail_from("info@" + kUnicode);
  EXPECT_EQ(w.check("author", mail_of(kUnicode)), "proven");
  EXPECT_EQ(w.check("author", mail_of(kHomoglyph)), "unproven");
  EXPECT_EQ(w.check("dmarc", mail_of(kHomoglyph)), "none");
  EXPECT_EQ(w.check("author", mail_of("bucher.example")), "unproven");
}

TEST(InternationalMail, IsSignedInEitherForm) {  // RFC 8616 4
  const dkim::SigningKey key = signing_key(kAscii);
  dkim::SigningKey selected = key;
  selected.selector = "xn--schlssel-95a";
  World w(kPolicy + key_line(key) + key_line(selected));
  for (const std::string& domain : {kUnicode, kAscii, kUpper}) {
    for (const std::string selector : {"s1", "xn--schlssel-95a", "schl\xc3\xbcssel"}) {
      const std::string mail = signed_as(key, domain, selector);
      const Finding found = w.finding("dkim", mail);
      EXPECT_EQ(found.outcome->name, "pass") << domain << selector << found.reason;
      EXPECT_NE(field(found).find("header.d=" + kAscii), std::string::npos) << field(found);
      const std::string shown = selector == "s1" ? "s1" : "xn--schlssel-95a";
      EXPECT_NE(field(found).find("header.s=" + shown), std::string::npos) << field(found);
      is_whole_and_ascii(found);
      EXPECT_EQ(w.check("dmarc", mail), "pass") << domain;
    }
  }
  EXPECT_EQ(w.check("dkim", signed_as(key, kHomoglyph, "s1")), "permerror") << "nobody has a key there";
}

/// The signature with i= in it.
std::string signed_with(const dkim::SigningKey& key, const std::string& identity) {
  const std::string mail = signed_as(key, kUnicode, "s1");
  return mail.substr(0, mail.find("v=1;")) + "v=1; i=" + identity + ";" + mail.substr(mail.find("v=1;") + 4);
}

TEST(InternationalMail, HasAnIdentityWithinItsDomainInEitherForm) {  // it was not signed with it: fail, not permerror
  const dkim::SigningKey key = signing_key(kAscii);
  World w(key_line(key));
  for (const std::string& domain : {kUnicode, kAscii, "m." + kUpper})
    EXPECT_EQ(w.check("dkim", signed_with(key, "j\xc3\xbcrgen@" + domain)), "fail") << domain;
  EXPECT_EQ(w.check("dkim", signed_with(key, "j\xc3\xbcrgen@" + kHomoglyph)), "permerror");
}

TEST(InternationalMail, HasItsSenderChecked) {
  World w(kSpf);
  w.client("192.0.2.1");
  for (const std::string& domain : {kUnicode, kAscii, kUpper}) {
    for (const std::string local : {"info", "j\xc3\xbcrgen"}) {
      const Finding found = w.finding("spf", local + "@" + domain);
      EXPECT_EQ(found.outcome->name, "pass") << domain << found.reason;
      const std::string shown = local == "info" ? "info@" + kAscii : "@" + kAscii;
      EXPECT_NE(field(found).find("smtp.mailfrom=" + shown), std::string::npos) << field(found);
      is_whole_and_ascii(found);
    }
  }
  EXPECT_EQ(w.check("spf", "info@" + kHomoglyph), "none");
  w.client("192.0.2.2");
  EXPECT_EQ(w.check("spf", "j\xc3\xbcrgen@" + kUnicode), "fail");
}

TEST(InternationalMail, HasAMacroOfItsLocalPartMatchNothing) {  // RFC 8616 4
  World w(kAscii + ". TXT \"v=spf1 exists:%{l}.users.example -all\"\n*.users.example. A 127.0.0.2\n");
  w.client("192.0.2.1");
  EXPECT_EQ(w.check("spf", "info@" + kUnicode), "pass");
  EXPECT_EQ(w.check("spf", "j\xc3\xbcrgen@" + kUnicode), "fail");
  World domain(kAscii + ". TXT \"v=spf1 exists:%{d}.users.example -all\"\n" + kAscii + ".users.example. A 127.0.0.2\n");
  domain.client("192.0.2.1");
  EXPECT_EQ(domain.check("spf", "info@" + kUnicode), "pass") << "%{d} and %{o} are A-labels";
}

}  // namespace
}  // namespace postern::test
