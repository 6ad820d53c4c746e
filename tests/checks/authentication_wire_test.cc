// Name servers that trouble those who authenticate mail, with the resolver that the product has (FAULTS T39, T41): no
// trouble is "none", and no trouble costs a sender a 5xx.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/dns/scripted_world.h"
#include "tests/support/signed_mail.h"
#include "tests/support/world.h"

namespace postern::test {
namespace {

using namespace std::chrono_literals;

const char* const kMail = "From: Eva <eva@a.test>\nTo: b@home.example\nSubject: x\n\nHello\r\n";
const char* const kNames[] = {"a.test", "s1._domainkey.a.test", "_dmarc.a.test"};

const dkim::SigningKey& key() {
  static const dkim::SigningKey made = signing_key("a.test");
  return made;
}

std::string zone() {
  return key_line(key()) + "a.test. TXT \"v=spf1 -all\"\n_dmarc.a.test. TXT \"v=DMARC1; p=reject\"\n";
}

Finding finding_with(const std::string& script, std::string_view check) {
  dns::Options options;
  options.timeout = 500ms;
  options.breaker.errors = 0;  // each name is to fail by itself
  dns::ScriptedWorld dns(script, options);
  World w(*dns.resolver);
  w.client("192.0.2.1");
  const auto began = std::chrono::steady_clock::now();
  Finding finding = w.finding(check, check == "spf" ? "eva@a.test" : sign(key(), kMail));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 4s) << script;
  return finding;
}

std::string outcome(const std::string& script, std::string_view check) {
  return std::string(finding_with(script, check).outcome->name);
}

TEST(AuthenticationWire, KnowsTheRecordsOfAnHonestServer) {
  EXPECT_EQ(outcome(zone(), "spf"), "fail");
  EXPECT_EQ(outcome(zone(), "dkim"), "pass");
  EXPECT_EQ(outcome(zone(), "dmarc"), "pass");
  EXPECT_EQ(outcome("; SERVER * TRUNCATE\n" + zone(), "dmarc"), "pass") << "the rest comes over TCP";
}

TEST(AuthenticationWire, TroubleIsTemporary) {
  for (const char* manner : {"DROP", "GARBAGE", "EMPTY", "LOOP", "REFUSED", "WRONG_ID", "WRONG_QUESTION"}) {
    std::string script;
    for (const char* name : kNames) script += fmt::format("; SERVER {} {}\n", name, manner);
    for (const std::string_view check : {"spf", "dkim", "dmarc", "author"}) {
      const Finding finding = finding_with(script + zone(), check);
      EXPECT_EQ(finding.outcome->failure, Failure::yes) << manner << check << finding.outcome->name;
      EXPECT_EQ(finding.outcome->reply.code, 451) << manner << check;
    }
  }
}

TEST(AuthenticationWire, RecordsOf60KilobytesAreTemporary) {
  std::string large = " TXT";
  for (int i = 0; i < 240; ++i) large += " \"" + std::string(250, 'x') + "\"";
  std::string script;
  for (const char* name : kNames) script += std::string(name) + "." + large + "\n";
  for (const std::string_view check : {"spf", "dkim", "dmarc"}) {
    EXPECT_EQ(outcome(script, check), "temperror") << check;
    EXPECT_EQ(outcome(script + zone(), check), check == "spf" ? "fail" : "pass") << "beside the record of " << check;
  }
}

TEST(AuthenticationWire, AliasesMayLeadFarButNotAround) {
  const auto aliases = [](const std::string& end) {
    return "a.test. CNAME x.test.\n_dmarc.a.test. CNAME X.Test.\ns1._domainkey.a.test. CNAME X.TEST.\n" + end;
  };
  for (const std::string_view check : {"spf", "dkim", "dmarc"})
    EXPECT_EQ(outcome(aliases("x.test. CNAME y.test.\ny.test. CNAME x.test.\n"), check), "temperror") << check;
  std::string records = zone();
  for (const char* name : {"s1._domainkey.a.test. ", "_dmarc.a.test. ", "a.test. "})
    for (std::size_t at = records.find(name); at != std::string::npos; at = records.find(name))
      records.replace(at, std::string_view(name).size(), "Y.tEST. ");
  for (const std::string_view check : {"spf", "dkim", "dmarc"})
    EXPECT_EQ(outcome(aliases("x.test. CNAME y.test.\n" + records), check), check == "spf" ? "fail" : "pass") << check;
}

}  // namespace
}  // namespace postern::test
