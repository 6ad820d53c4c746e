#include "tests/checks/breaking_resolver.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using test::World;

constexpr const char* kZone =
    "a.example. MX 10 mx.a.example.\n"
    "mx.a.example. A 8.8.8.1\n"
    "b.example. A 8.8.8.2\n"
    "c.example. A 8.8.8.3\n"
    "d.example. A 8.8.8.4\n"
    "xn--bcher-kva.example. A 8.8.8.5\n"
    "null.example. MX 0 .\n"
    "text.example. TXT x\n"
    "lan.example. A 10.0.0.1\n"
    "dangling.example. MX 5 nowhere.example.\n"
    "alias.example. MX 5 cname.example.\n"
    "cname.example. CNAME mx.a.example.\n"
    "us.example. MX 5 mx.home.example.\n"
    "; FAULT slow.example. MX TIMEOUT\n"
    "; FAULT forged.example. MX BOGUS\n";

std::string judged(std::string_view header) { return World(kZone).check("from-domain", header); }
std::string reason(std::string_view header) { return World(kZone).finding("from-domain", header).reason; }

TEST(FromDomain, FollowsTheWayBackToTheAuthor) {
  EXPECT_EQ(judged("From: Anna <anna@a.example>"), "ok");
  EXPECT_EQ(judged("From: anna@A.EXAMPLE (Anna)"), "ok");
  EXPECT_EQ(judged("From: anna@b\xc3\xbc"
                   "cher.example"),
            "ok");
  EXPECT_EQ(judged("From: anna@alias.example"), "ok") << "it works";
  EXPECT_EQ(judged("From: anna@gone.example"), "nxdomain");
  EXPECT_EQ(judged("From: anna@text.example"), "no-address");
  EXPECT_EQ(judged("From: anna@null.example"), "null-mx");
  for (const char* bad : {"lan", "dangling", "us"})
    EXPECT_EQ(judged("From: anna@" + std::string(bad) + ".example"), "no-mail-host") << bad;
  EXPECT_EQ(judged("From: anna@slow.example"), "unavailable");
  EXPECT_EQ(judged("From: anna@forged.example"), "bogus");
}

TEST(FromDomain, OursNeedsNoQuestion) {
  EXPECT_EQ(reason("From: anna@home.example"), "home.example is ours");
  EXPECT_EQ(reason("From: root@mx.home.example"), "mx.home.example is this host");
  World w(kZone);
  w.lose_site_domains();
  EXPECT_EQ(w.check("from-domain", "From: anna@gone.example"), "unavailable");
  EXPECT_EQ(w.check("from-domain", "From: anna@a.example"), "ok");
}

// FAULTS T16: whatever stands there, it is never "no author".
TEST(FromDomain, TellsWhatIsWrongWithTheField) {
  EXPECT_EQ(judged("To: x@a.example"), "missing");
  EXPECT_EQ(judged("Sender: anna@a.example"), "missing");
  EXPECT_EQ(judged("Resent-From: anna@a.example"), "missing");
  EXPECT_EQ(judged("From: anna@a.example\nFrom: eve@b.example"), "several-fields");
  EXPECT_EQ(judged("From : eve@b.example\nFrom: anna@a.example"), "several-fields");
  EXPECT_EQ(judged("From: anna@a.example\nfrom\t: anna@a.example"), "several-fields");
  EXPECT_EQ(judged("From:"), "malformed");
  EXPECT_EQ(judged("From: (anna@a.example)"), "malformed");
  EXPECT_EQ(judged("From: Undisclosed:;"), "nobody");
  EXPECT_EQ(judged("From: anna@a.example>"), "malformed");
  EXPECT_EQ(judged("From: <anna@a.example"), "malformed");
  EXPECT_EQ(judged("From: <anna@a.example>, <eve@b.example"), "malformed");
  EXPECT_EQ(reason("From: Anna <anna@a.example> eve"), "text behind the address: Anna <anna@a.example> eve");
  EXPECT_EQ(judged("From: anna@a.example <eve@b.example>"), "ambiguous");
  EXPECT_EQ(judged("From: <@b.example:anna@a.example>"), "ambiguous");
  EXPECT_EQ(judged("From: <anna@(b.example)a.example>"), "ambiguous");
  EXPECT_EQ(judged("From: root"), "no-domain");
  EXPECT_EQ(judged("From: anna@[192.0.2.1]"), "address-literal");
}

TEST(FromDomain, LooksAtEveryAuthor) {
  EXPECT_EQ(judged("From: x@a.example, y@a.example"), "no-sender");
  EXPECT_EQ(judged("From: x@a.example, y@a.example\nSender: x@a.example"), "ok");
  EXPECT_EQ(judged("From: x@a.example, y@a.example\nSender: x@a.example, y@a.example"), "no-sender");
  EXPECT_EQ(judged("From: x@a.example, y@a.example\nSender: x@a.example>"), "no-sender");
  EXPECT_EQ(judged("From: x@a.example, y@a.example\nSender: x@a.example\nSender: x@a.example"), "no-sender");
  EXPECT_EQ(judged("From: x@a.example, y@b.example\nSender: x@a.example"), "several-domains");
  EXPECT_EQ(judged("From: x@a.example, y@gone.example\nSender: x@a.example"), "nxdomain");
  EXPECT_EQ(judged("From: x@null.example, y@gone.example\nSender: x@a.example"), "null-mx") << "the first in the field";
  EXPECT_EQ(judged("From: x@slow.example, y@gone.example\nSender: x@a.example"), "unavailable");
  EXPECT_EQ(judged("From: g: x@a.example, root;\nSender: x@a.example"), "no-domain");
}

TEST(FromDomain, AsksAboutFewDomains) {
  World w(kZone);
  const std::string three = "From: x@a.example, x@b.example, y@b.example, x@c.example";
  EXPECT_EQ(w.check("from-domain", three + "\nSender: x@a.example"), "several-domains");
  EXPECT_EQ(w.check("from-domain", three + ", x@d.example\nSender: x@a.example"), "too-many-domains");
  EXPECT_EQ(w.counters().get("checks.from-domain.domains-capped").value(), 1);
  w.set("from-domain", "domains", "4");
  EXPECT_EQ(w.check("from-domain", three + ", x@d.example\nSender: x@a.example"), "several-domains");

  std::string crowd = "From: ";
  for (std::size_t i = 0; i <= kMostHeaderAddresses; ++i) crowd += "x" + std::to_string(i) + "@a.example, ";
  EXPECT_EQ(w.check("from-domain", crowd), "malformed");
  EXPECT_EQ(w.counters().get("checks.from-domain.capped").value(), 1);
}

std::size_t questions(std::string_view header) {
  test::BreakingResolver resolver(kZone);
  World(resolver).check("from-domain", header);
  std::set<test::Asked> all = resolver.asked;
  for (const dns::Question& question : resolver.prefetched) all.insert({question, false});
  return all.size();
}

TEST(FromDomain, AsksAsMuchAsThePageSays) {
  EXPECT_EQ(questions("From: x@a.example"), 3u);
  EXPECT_EQ(questions("From: x@a.example, y@b.example\nSender: x@a.example"), 6u);
  EXPECT_EQ(questions("From: x@gone.example"), 2u);
  for (const char* free :
       {"To: x", "From:", "From: x@home.example", "From: root", "From: x@a.example\nFrom: x@b.example",
        "From: x@a.example, x@b.example", "From: x@a.example>",
        "From: 1@a.example, 2@b.example, 3@c.example, 4@d.example\nSender: x@a.example"})
    EXPECT_EQ(questions(free), 0u) << free;
}

}  // namespace
}  // namespace postern
