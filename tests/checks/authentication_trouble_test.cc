// What strangers write into records and fields to hurt those who authenticate them (FAULTS T29-T36): each gets the word
// that its RFC has for it, after few questions and in little time.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "policy/auth/arc/arc.h"
#include "policy/base/text.h"
#include "policy/mail/authentication_results.h"
#include "tests/checks/watched_resolver.h"
#include "tests/support/signed_mail.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

using namespace std::chrono_literals;

const char* const kMail = "From: Eva <eva@a.example>\nTo: b@home.example\nSubject: x\n\nHello\r\n";

/// The key of a.example, which all share.
const dkim::SigningKey& key() {
  static const dkim::SigningKey made = signing_key("a.example");
  return made;
}

std::string numbered(std::size_t count, const char* text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += fmt::format(fmt::runtime(text), i);
  return out;
}

std::string txt(const std::string& name, const std::string& text) {
  std::string strings;
  for (std::size_t at = 0; at < text.size(); at += 250) strings += " \"" + text.substr(at, 250) + "\"";
  return name + ". TXT" + strings + "\n";
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("there is no " + std::string(what));
  return text.replace(at, what.size(), by);
}

/// The mail with its signature, a piece of which is something else.
std::string mail_with(std::string_view what, std::string_view by) { return replaced(sign(key(), kMail), what, by); }

std::string nul(std::string_view before, std::string_view behind) {
  return std::string(before) + '\0' + std::string(behind);
}

/// A good signature whose key stands somewhere else in the zone.
std::string with_selector(const std::string& selector) {
  dkim::SigningKey other = key();
  other.selector = selector;
  return sign(other, kMail);
}

std::string key_text() { return "v=DKIM1; p=" + key().key->public_text(); }

std::string many_signatures(std::size_t count, std::size_t padding = 0) {
  std::string mail = kMail;
  std::string fields;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string one = with_selector(fmt::format("s{}", i));
    std::string field = one.substr(0, one.size() - std::string_view(kMail).size());
    if (padding > 0) field.insert(field.size() - 1, "; x=9" + std::string(padding, '9'));
    fields += field;
  }
  return fields + mail;
}

std::string chain_of(const std::vector<std::string>& instances) {
  const std::string hash = std::string(43, 'A') + "=";
  std::string fields;
  for (const std::string& i : instances) {
    fields = fmt::format(
                 "ARC-Seal: i={0}; a=rsa-sha256; cv={1}; d=a.example; s=s1; b=QUJD\n"
                 "ARC-Message-Signature: i={0}; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s1; h=from; bh={2}; "
                 "b=QUJD\n"
                 "ARC-Authentication-Results: i={0}; a.example; none\n",
                 i, i == instances.front() ? "none" : "pass", hash) +
             fields;
  }
  return fields + kMail;
}

/// A chain of one set that a.example has sealed.
std::string sealed() {
  const std::string mail = kMail;
  const std::size_t header_ends = mail.find("\n\n");
  dkim::BodyHashes bodies;
  const std::size_t form = bodies.add({});
  bodies.update(std::string_view(mail).substr(header_ends + 2));
  bodies.finish();
  const arc::Sealing sealing{.key = key(), .authserv_id = "a.example", .authentication_results = "none"};
  std::string fields;
  const auto set = arc::seal(sealing, header_fields(mail.substr(0, header_ends)), bodies.at(form));
  for (const HeaderField& f : *set) fields += f.name + ":" + f.value + "\n";
  return fields + mail;
}

std::vector<std::string> instances(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 1; i <= count; ++i) all.push_back(std::to_string(i));
  return all;
}

/// `count` aliases, one after the other, the first of which is `name`.
std::string aliases(const std::string& name, std::size_t count, const std::string& text) {
  std::string zone = name + ". CNAME c1.alias.example.\n";
  for (std::size_t i = 1; i < count; ++i)
    zone += fmt::format("c{}.alias.example. CNAME c{}.alias.example.\n", i, i + 1);
  return zone + txt(fmt::format("c{}.alias.example", count), text);
}

std::string loop(const std::string& name) {
  return name + ". CNAME x.loop.example.\nx.loop.example. CNAME " + name + ".\n";
}

/// Ten includes of ten `mx` of ten hosts each.
std::string bomb() {
  std::string zone = txt("a.example", "v=spf1" + numbered(10, " include:i{}.example") + " -all");
  for (int i = 0; i < 10; ++i) {
    zone +=
        txt(fmt::format("i{}.example", i), "v=spf1" + numbered(10, fmt::format(" mx:m{{}}.i{}.example", i).c_str()));
    for (int m = 0; m < 10; ++m)
      zone += numbered(10, fmt::format("m{0}.i{1}.example. MX {{0}} h{{0}}.m{0}.i{1}.example.\n", m, i).c_str());
  }
  return zone;
}

struct Case {
  const char* name;
  const char* check;
  const char* outcome;
  std::size_t questions;  ///< at most, beside those of the walk for a policy
  std::string subject;    ///< sender of spf, else the message
  std::string zone;
};

const std::string kReject = "v=DMARC1; p=reject";
const std::string kSender = "eva@a.example";

std::vector<Case> spf_cases() {
  const std::string flood(60'000, 'x');
  return {
      {"ten includes of ten mx", "spf", "permerror", 111, kSender, bomb()},
      {"an include of itself", "spf", "permerror", 11, kSender, txt("a.example", "v=spf1 include:a.example -all")},
      {"two that include each other", "spf", "permerror", 11, kSender,
       txt("a.example", "v=spf1 include:b.example -all") + txt("b.example", "v=spf1 include:a.example -all")},
      {"a redirect to itself", "spf", "permerror", 11, kSender, txt("a.example", "v=spf1 redirect=a.example")},
      {"two that redirect to each other", "spf", "permerror", 11, kSender,
       txt("a.example", "v=spf1 redirect=b.example") + txt("b.example", "v=spf1 redirect=a.example")},
      {"names without end of one letter each", "spf", "permerror", 11, kSender,
       txt("a.example", "v=spf1" + numbered(100, " exists:{}.%{{i}}.%{{l}}.x.example") + " -all")},
      {"macros that are too long", "spf", "permerror", 11, std::string(64, 'l') + "@a.example",
       txt("a.example",
           "v=spf1" + numbered(50, " exists:{}.%{{l}}%{{l}}%{{l}}%{{l}}%{{l}}%{{l}}.x.example") + " -all")},
      {"250 terms that ask nobody", "spf", "fail", 1, kSender,
       txt("a.example", "v=spf1" + numbered(250, " ip4:10.0.0.{}/32") + " -all")},
      {"a text of 60 KB", "spf", "temperror", 1, kSender, txt("a.example", "v=spf1 -all " + flood)},
      {"one of 60 KB beside the record", "spf", "fail", 1, kSender,
       txt("a.example", flood) + txt("a.example", "v=spf1 -all")},
      {"two records", "spf", "permerror", 1, kSender,
       txt("a.example", "v=spf1 -all") + txt("a.example", "v=spf1 +all")},
      {"a name that is its own alias", "spf", "temperror", 1, kSender, loop("a.example")},
      {"eight aliases", "spf", "fail", 1, kSender, aliases("a.example", 8, "v=spf1 -all")},
      {"nine aliases", "spf", "temperror", 1, kSender, aliases("a.example", 9, "v=spf1 -all")},
      {"a record in the letters of another case", "spf", "fail", 1, "eva@A.eXAMPLE", txt("A.EXAMPLE", "V=SPF1 -ALL")},
  };
}

std::vector<Case> dkim_cases() {
  const std::string zone = key_line(key());
  const std::string many = numbered(1'500, "t{}=1; ");
  const std::string long_base64(10'000, 'A');
  const std::string tags = "s1._domainkey.a.example";
  const std::string eva = sign(key(), kMail);
  return {
      {"nothing wrong", "dkim", "pass", 1, eva, zone},
      {"NUL in d=", "dkim", "permerror", 0, mail_with("d=a.example", nul("d=a.example", ".b.example")), zone},
      {"NUL in s=", "dkim", "permerror", 0, mail_with("s=s1", nul("s=s1", "x")), zone},
      {"NUL in b=", "dkim", "permerror", 0, mail_with("b=", nul("b=", "")), zone},
      {"NUL in i=", "dkim", "permerror", 0, mail_with("v=1;", nul("v=1; i=@a.example", ";")), zone},
      {"NUL in i=, quoted", "dkim", "permerror", 0, mail_with("v=1;", "v=1; i==00@a.example;"), zone},
      {"NUL in h=", "dkim", "permerror", 0, mail_with("h=", nul("h=from:x", ":")), zone},
      {"i= of somebody else", "dkim", "permerror", 0, mail_with("v=1;", "v=1; i=eva@b.example;"), zone},
      {"thousands of tags", "dkim", "permerror", 0, mail_with("v=1; ", "v=1; " + many), zone},
      {"a hundred names too many in h=", "dkim", "permerror", 0, mail_with("h=", "h=" + numbered(101, "x{}:")), zone},
      {"10,000 letters of base64 as b=", "dkim", "permerror", 0, mail_with("b=", "b=" + long_base64), zone},
      {"10,000 letters of base64 as bh=", "dkim", "permerror", 0, mail_with("bh=", "bh=" + long_base64), zone},
      {"60 KB of one tag", "dkim", "permerror", 0, mail_with("v=1; ", "v=1; x=" + std::string(60'000, 'x') + "; "),
       zone},
      {"a selector of 60 KB", "dkim", "permerror", 0, mail_with("s=s1", "s=" + std::string(60'000, 's')), zone},
      {"10,000 letters of base64 as a key", "dkim", "permerror", 1, eva, txt(tags, "v=DKIM1; p=" + long_base64)},
      {"a key of thousands of tags", "dkim", "permerror", 1, eva, txt(tags, many + "p=")},
      {"a key of 60 KB", "dkim", "temperror", 1, eva, txt(tags, key_text() + "; n=" + std::string(60'000, 'n'))},
      {"60 KB beside the key", "dkim", "pass", 1, eva, zone + txt(tags, std::string(60'000, 'x'))},
      {"two keys", "dkim", "permerror", 1, eva, zone + txt(tags, "v=DKIM1; p=" + long_base64)},
      {"a key that is its own alias", "dkim", "temperror", 1, eva, loop(tags)},
      {"eight aliases", "dkim", "pass", 1, eva, aliases(tags, 8, key_text())},
      {"nine aliases", "dkim", "temperror", 1, eva, aliases(tags, 9, key_text())},
      {"a key in the letters of another case", "dkim", "pass", 1, eva, txt("S1._DOMAINKEY.A.EXAMPLE", key_text())},
      {"an alias in the letters of another case", "dkim", "pass", 1, eva,
       tags + ". CNAME K.B.Example.\n" + txt("k.b.EXAMPLE", key_text())},
  };
}

std::vector<Case> dmarc_cases() {
  const std::string at = "_dmarc.a.example";
  const auto record = [&](const std::string& text) { return txt(at, text); };
  const std::string tags = numbered(1'500, "x{}=1; ");
  return {
      {"nothing wrong", "dmarc", "fail-reject", 0, kMail, record(kReject)},
      {"5,000 tags", "dmarc", "temperror", 0, kMail, record(kReject + "; " + numbered(5'000, "x{}=1; "))},
      {"1,500 tags", "dmarc", "permerror", 0, kMail, record(kReject + "; " + tags)},
      {"a record of 60 KB", "dmarc", "temperror", 0, kMail, record(kReject + "; n=" + std::string(60'000, 'n'))},
      {"60 KB beside the record", "dmarc", "fail-reject", 0, kMail, record(kReject) + record(std::string(60'000, 'x'))},
      {"a thousand addresses", "dmarc", "fail-reject", 0, kMail,
       record(kReject + "; rua=" + numbered(500, "mailto:r{}@b.example,") + "mailto:x@b.example")},
      {"a policy twice", "dmarc", "permerror", 0, kMail, record(kReject + "; p=none")},
      {"a record that is its own alias", "dmarc", "temperror", 0, kMail, loop(at)},
      {"eight aliases", "dmarc", "fail-reject", 0, kMail, aliases(at, 8, kReject)},
      {"nine aliases", "dmarc", "temperror", 0, kMail, aliases(at, 9, kReject)},
      {"a record in the letters of another case", "dmarc", "fail-reject", 0, kMail, txt("_DMARC.A.EXAMPLE", kReject)},
      {"an author of 81 labels", "dmarc", "none", 0, "From: eva@" + numbered(80, "x.") + "example\n\nx\r\n",
       "a.example. A 192.0.2.1\n"},
      {"no record, and nobody speaks for the author", "author", "unproven", 0, kMail, "a.example. A 192.0.2.1\n"},
      {"a record that is its own alias", "author", "unavailable", 0, kMail, loop(at)},
      {"an author with a NUL", "author", "no-author", 0, nul("From: eva@a.example", "@b.example\n\nx\r\n"), ""},
  };
}

std::vector<Case> arc_cases() {
  const std::string zone = key_line(key());
  const auto part = [](std::string_view what, std::string_view by) { return replaced(chain_of({"1"}), what, by); };
  auto doubled = instances(2);
  doubled.push_back("2");
  return {
      {"no chain", "arc", "none", 0, kMail, zone},
      {"nothing wrong", "arc", "pass", 1, sealed(), zone},
      {"i=001", "arc", "fail", 0, replaced(sealed(), "i=1;", "i=001;"), zone},
      {"a key that is its own alias", "arc", "temperror", 1, sealed(), loop("s1._domainkey.a.example")},
      {"nobody's signature", "arc", "fail", 1, chain_of({"1"}), zone},
      {"eleven sets", "arc", "fail", 0, chain_of(instances(11)), zone},
      {"51 sets", "arc", "fail", 0, chain_of(instances(51)), zone},
      {"1,000 sets", "arc", "fail", 0, chain_of(instances(1'000)), zone},
      {"i=0", "arc", "fail", 0, chain_of({"0"}), zone},
      {"i=007", "arc", "fail", 0, chain_of({"1", "2", "3", "4", "5", "6", "007"}), zone},
      {"i=-1", "arc", "fail", 0, chain_of({"-1"}), zone},
      {"i=99999999999999999999", "arc", "fail", 0, chain_of({"99999999999999999999"}), zone},
      {"i= twice", "arc", "fail", 0, chain_of(doubled), zone},
      {"a gap", "arc", "fail", 0, chain_of({"1", "3"}), zone},
      {"NUL in d=", "arc", "fail", 0, part("d=a.example", nul("d=a.example", ".b.example")), zone},
      {"NUL in i=", "arc", "fail", 0, part("i=1", nul("i=1", "0")), zone},
      {"thousands of tags", "arc", "fail", 0, part("cv=none", numbered(2'000, "t{}=1; ") + "cv=none"), zone},
      {"10,000 letters of base64", "arc", "fail", 1, part("b=QUJD", "b=" + std::string(10'000, 'A')), zone},
      {"a thousand seals and nothing else", "arc", "fail", 0,
       numbered(1'000, "ARC-Seal: i={}; a=rsa-sha256; cv=none; d=a.example; s=s1; b=QUJD\n") + kMail, zone},
      {"a thousand fields of nothing", "arc", "fail", 0, numbered(1'000, "ARC-Seal: {}\n") + kMail, zone},
  };
}

void hold(const Case& c) {
  SCOPED_TRACE(fmt::format("{}: {}", c.check, c.name));
  WatchedResolver dns(c.zone);
  World w(dns);
  w.client("192.0.2.1");
  const auto began = std::chrono::steady_clock::now();
  const Finding finding = w.finding(c.check, c.subject);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_EQ(finding.outcome->name, c.outcome) << printable(finding.reason, 200);
  EXPECT_LE(dns.questions(), c.questions);
  EXPECT_LE(dns.policy_questions(), 8U);  // RFC 9989 4.10
  const auto read = parse_authentication_results(authentication_results("mx.home.example", finding.results));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->results.size(), finding.results.size());
}

TEST(AuthenticationTrouble, OfSpfHasItsWord) {
  for (const Case& c : spf_cases()) hold(c);
}
TEST(AuthenticationTrouble, OfDkimHasItsWord) {
  for (const Case& c : dkim_cases()) hold(c);
}
TEST(AuthenticationTrouble, OfDmarcHasItsWord) {
  for (const Case& c : dmarc_cases()) hold(c);
}
TEST(AuthenticationTrouble, OfArcHasItsWord) {
  for (const Case& c : arc_cases()) hold(c);
}

TEST(AuthenticationTrouble, ManySignaturesCostNoMoreThanFive) {  // FAULTS T30
  const std::string zone = txt("*._domainkey.a.example", key_text());
  const auto questions = [&](const std::string& mail, const char* most) {
    WatchedResolver dns(zone);
    World w(dns);
    w.set("dkim", "signatures", most);
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(w.check("dkim", mail), "pass");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    return dns.questions();
  };
  EXPECT_EQ(questions(many_signatures(200), "5"), 5u);
  EXPECT_EQ(questions(many_signatures(200), "16"), 16u) << "it is the limit that keeps the others away";
}

TEST(AuthenticationTrouble, AHeaderFullOfSignaturesIsRead) {
  const std::string mail = many_signatures(350, 400);
  ASSERT_GT(mail.size(), 256u * 1024);
  WatchedResolver dns(txt("*._domainkey.a.example", key_text()));
  World w(dns);
  const auto began = std::chrono::steady_clock::now();
  const Finding finding = w.finding("dkim", mail);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_EQ(finding.outcome->name, "fail") << finding.reason;  // the tag was added after it had been signed
  EXPECT_LE(dns.questions(), 5u);
  EXPECT_LE(finding.results.size(), 5u);
  EXPECT_LT(authentication_results("mx.home.example", finding.results).size(), 4'096u);
}

// Servers of others that never answer: the message waits as long as the check may, gets a 4xx if a rule wants one, and
// nobody says that there is no signature or no policy.
TEST(AuthenticationTrouble, SilentServersAreTemporary) {
  struct Silence {
    const char* check;
    const char* outcome;
    const char* silent;
    std::string subject;
  };
  const std::vector<Silence> silences = {
      {"dkim", "temperror", "_domainkey.a.example", sign(key(), kMail)},
      {"dkim", "temperror", "_domainkey.a.example", many_signatures(200)},
      {"arc", "temperror", "_domainkey.a.example", sealed()},
      {"dmarc", "temperror", "_dmarc.a.example", kMail},
      {"dmarc", "temperror", "_domainkey.a.example", sign(key(), kMail)},
      {"author", "unavailable", "_domainkey.a.example", sign(key(), kMail)},
      {"spf", "temperror", "a.example", kSender},
  };
  std::vector<std::future<void>> running;
  for (const Silence& s : silences) {
    running.push_back(std::async(std::launch::async, [&s] {
      SCOPED_TRACE(fmt::format("{} without {}", s.check, s.silent));
      WatchedResolver dns(txt("_dmarc.a.example", kReject), s.silent);
      World w(dns);
      w.client("192.0.2.1");
      w.set(s.check, "timeout", "1s");
      const auto began = std::chrono::steady_clock::now();
      const Finding finding = w.finding(s.check, s.subject);
      EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
      EXPECT_EQ(finding.outcome->name, s.outcome) << finding.reason;
      EXPECT_EQ(finding.outcome->failure, Failure::yes);
      EXPECT_EQ(finding.outcome->reply.code, 451);
    }));
  }
  for (auto& one : running) one.get();
}

}  // namespace
}  // namespace postern::test
