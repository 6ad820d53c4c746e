#include "tests/support/world.h"

namespace postern {
namespace {

using test::World;

TEST(SenderDomain, FollowsTheMxRecord) {
  World w(
      "null.example. MX 0 .\n"
      "ok.example. MX 10 mx.ok.example.\n"
      "mx.ok.example. A 8.8.8.1\n"
      "; FAULT slow.example. MX SERVFAIL\n"
      "; FAULT silent.example. MX TIMEOUT\n"
      "; FAULT forged.example. MX BOGUS\n");
  EXPECT_EQ(w.check("sender-domain", "a@ok.example"), "ok");
  EXPECT_EQ(w.check("sender-domain", "a@null.example"), "null-mx");
  EXPECT_EQ(w.check("sender-domain", "a@gone.example"), "nxdomain");
  EXPECT_EQ(w.check("sender-domain", "a@slow.example"), "unavailable");
  EXPECT_EQ(w.check("sender-domain", "a@silent.example"), "unavailable");
  EXPECT_EQ(w.check("sender-domain", "a@forged.example"), "bogus");
}

TEST(SenderDomain, NeedsNoDnsForWhatIsNoForeignDomain) {
  World w("");
  EXPECT_EQ(w.check("sender-domain", "<>"), "ok");  // RFC 5321 4.5.5
  EXPECT_EQ(w.finding("sender-domain", "<>").reason, "null reverse-path");
  EXPECT_EQ(w.check("sender-domain", "a@home.example"), "ok");
  EXPECT_EQ(w.finding("sender-domain", "a@HOME.example").reason, "home.example is ours");
  EXPECT_EQ(w.check("sender-domain", "root@mx.home.example"), "ok");
  EXPECT_EQ(w.check("sender-domain", "a@below.home.example"), "nxdomain");
  EXPECT_EQ(w.check("sender-domain", "a@[192.0.2.1]"), "address-literal");
  EXPECT_EQ(w.check("sender-domain", "a@[IPv6:2001:db8::1]"), "address-literal");
  EXPECT_EQ(w.check("sender-domain", "root"), "no-domain");
  EXPECT_EQ(w.check("sender-domain", "a@b@c@"), "malformed");
  EXPECT_EQ(w.check("sender-domain", "a@-x-.exa mple"), "malformed");
}

TEST(SenderDomain, TakesTheDomainItselfWithoutMx) {  // RFC 5321 5.1
  World w(
      "plain.example. A 8.8.8.1\n"
      "six.example. AAAA 2a00::1\n"
      "text.example. TXT \"no mail here\"\n"
      "home-a.example. A 127.0.0.1\n"
      "lan.example. A 192.168.1.1\n"
      "link.example. AAAA fe80::1\n"
      "us.example. A 198.51.99.1\n"
      "alias.example. CNAME plain.example.\n"
      "child.empty.example. A 8.8.8.1\n");
  EXPECT_EQ(w.check("sender-domain", "a@plain.example"), "ok");
  EXPECT_EQ(w.check("sender-domain", "a@six.example"), "ok");
  EXPECT_EQ(w.check("sender-domain", "a@alias.example"), "ok");  // the alias rule is about MX targets
  EXPECT_EQ(w.check("sender-domain", "a@text.example"), "no-address");
  EXPECT_EQ(w.check("sender-domain", "a@empty.example"), "no-address");  // RFC 8020: it exists
  EXPECT_EQ(w.check("sender-domain", "a@home-a.example"), "mx-loopback");
  EXPECT_EQ(w.check("sender-domain", "a@lan.example"), "mx-private");
  EXPECT_EQ(w.check("sender-domain", "a@link.example"), "mx-bogon");
  EXPECT_EQ(w.check("sender-domain", "a@us.example"), "mx-ourselves");
  EXPECT_EQ(w.finding("sender-domain", "a@lan.example").reason, "no MX, lan.example is 192.168.1.1");
}

struct MxCase {
  const char* zone;  // of x.example
  const char* outcome;
};

class MxKinds : public testing::TestWithParam<MxCase> {};

constexpr const char* kHosts =
    "good.example. A 8.8.8.1\n"
    "six.example. AAAA 2a00::1\n"
    "loop.example. A 127.0.0.1\n"
    "loop6.example. AAAA ::1\n"
    "lan.example. A 10.1.2.3\n"
    "cgn.example. A 100.64.0.1\n"
    "ula.example. AAAA fd00::1\n"
    "bogon.example. A 0.0.0.0\n"
    "doc.example. A 192.0.2.1\n"
    "nat64.example. AAAA 64:ff9b::808:808\n"
    "mapped.example. AAAA ::ffff:127.0.0.1\n"
    "both.example. A 10.1.2.3\n"
    "both.example. AAAA 2a00::1\n"
    "two.example. A 127.0.0.1\n"
    "two.example. A 240.0.0.1\n"
    "empty.example. TXT x\n"
    "us.example. A 198.51.99.1\n"
    "mx.home.example. A 127.0.1.1\n"
    "alias.example. CNAME good.example.\n"
    "lanalias.example. CNAME lan.example.\n"
    "deadalias.example. CNAME nowhere.example.\n";

std::string with_hosts(std::string_view more) {
  std::string zone = kHosts;
  zone.append(more);
  return zone;
}

TEST_P(MxKinds, AreToldApart) {
  World w(with_hosts(GetParam().zone));
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), GetParam().outcome) << GetParam().zone;
}

INSTANTIATE_TEST_SUITE_P(One, MxKinds,
                         testing::Values(MxCase{"x.example. MX 10 good.example.\n", "ok"},
                                         MxCase{"x.example. MX 10 six.example.\n", "ok"},
                                         MxCase{"x.example. MX 10 both.example.\n", "ok"},
                                         MxCase{"x.example. MX 0 .\n", "null-mx"},
                                         MxCase{"x.example. MX 10 .\n", "null-mx"},
                                         MxCase{"x.example. MX 10 nowhere.example.\n", "dangling"},
                                         MxCase{"x.example. MX 10 empty.example.\n", "dangling"},
                                         MxCase{"x.example. MX 10 deadalias.example.\n", "dangling"},
                                         MxCase{"x.example. MX 10 192.0.2.1.\n", "mx-literal"},
                                         MxCase{"x.example. MX 10 8.8.8.1.\n", "mx-literal"},
                                         MxCase{"x.example. MX 10 a\\032b.example.\n", "mx-broken"},
                                         MxCase{"x.example. MX 10 alias.example.\n", "mx-cname"},
                                         MxCase{"x.example. MX 10 lanalias.example.\n", "mx-private"},
                                         MxCase{"x.example. MX 10 loop.example.\n", "mx-loopback"},
                                         MxCase{"x.example. MX 10 loop6.example.\n", "mx-loopback"},
                                         MxCase{"x.example. MX 10 mapped.example.\n", "mx-loopback"},
                                         MxCase{"x.example. MX 10 lan.example.\n", "mx-private"},
                                         MxCase{"x.example. MX 10 cgn.example.\n", "mx-private"},
                                         MxCase{"x.example. MX 10 ula.example.\n", "mx-private"},
                                         MxCase{"x.example. MX 10 bogon.example.\n", "mx-bogon"},
                                         MxCase{"x.example. MX 10 doc.example.\n", "mx-bogon"},
                                         MxCase{"x.example. MX 10 nat64.example.\n", "mx-bogon"},
                                         MxCase{"x.example. MX 10 two.example.\n", "mx-loopback"},
                                         MxCase{"x.example. MX 10 us.example.\n", "mx-ourselves"},
                                         MxCase{"x.example. MX 10 mx.home.example.\n", "mx-ourselves"}));

// The better verdict wins, whatever stands beside it and in which order.
INSTANTIATE_TEST_SUITE_P(Several, MxKinds,
                         testing::Values(MxCase{"x.example. MX 0 .\n"
                                                "x.example. MX 10 good.example.\n",
                                                "ok"},
                                         MxCase{"x.example. MX 0 .\n"
                                                "x.example. MX 10 nowhere.example.\n",
                                                "dangling"},
                                         MxCase{"x.example. MX 5 loop.example.\n"
                                                "x.example. MX 10 bogon.example.\n"
                                                "x.example. MX 20 good.example.\n",
                                                "ok"},
                                         MxCase{"x.example. MX 5 alias.example.\n"
                                                "x.example. MX 10 good.example.\n",
                                                "ok"},
                                         MxCase{"x.example. MX 5 alias.example.\n"
                                                "x.example. MX 10 lan.example.\n",
                                                "mx-cname"},
                                         MxCase{"x.example. MX 5 us.example.\n"
                                                "x.example. MX 10 good.example.\n",
                                                "ok"},
                                         MxCase{"x.example. MX 5 bogon.example.\n"
                                                "x.example. MX 10 us.example.\n",
                                                "mx-ourselves"},
                                         MxCase{"x.example. MX 5 lan.example.\n"
                                                "x.example. MX 10 loop.example.\n",
                                                "mx-loopback"},
                                         MxCase{"x.example. MX 5 bogon.example.\n"
                                                "x.example. MX 10 lan.example.\n",
                                                "mx-private"},
                                         MxCase{"x.example. MX 5 192.0.2.1.\n"
                                                "x.example. MX 10 doc.example.\n",
                                                "mx-bogon"},
                                         MxCase{"x.example. MX 5 nowhere.example.\n"
                                                "x.example. MX 10 192.0.2.1.\n",
                                                "mx-literal"},
                                         MxCase{"x.example. MX 5 a\\032b.example.\n"
                                                "x.example. MX 10 empty.example.\n",
                                                "dangling"},
                                         MxCase{"x.example. MX 5 empty.example.\n"
                                                "x.example. MX 10 lan.example.\n"
                                                "; FAULT good.example. SERVFAIL\n"
                                                "x.example. MX 20 good.example.\n",
                                                "unavailable"},
                                         MxCase{"x.example. MX 5 lan.example.\n"
                                                "; FAULT good.example. BOGUS\n"
                                                "x.example. MX 20 good.example.\n",
                                                "bogus"},
                                         MxCase{"; FAULT loop.example. SERVFAIL\n"
                                                "x.example. MX 5 loop.example.\n"
                                                "x.example. MX 20 good.example.\n",
                                                "ok"},
                                         MxCase{"; FAULT lan.example. AAAA SERVFAIL\n"
                                                "x.example. MX 5 lan.example.\n",
                                                "unavailable"},
                                         MxCase{"; FAULT good.example. AAAA SERVFAIL\n"
                                                "x.example. MX 5 good.example.\n",
                                                "ok"}));

TEST(SenderDomain, TellsWhatIsWrongBesideAHostThatWorks) {
  World w(
      with_hosts("x.example. MX 5 loop.example.\n"
                 "x.example. MX 10 nowhere.example.\n"
                 "x.example. MX 20 good.example.\n"));
  EXPECT_EQ(w.finding("sender-domain", "a@x.example").reason,
            "loop.example is 127.0.0.1, nowhere.example does not exist, good.example is 8.8.8.1");
}

TEST(SenderDomain, LooksAtSoManyHostsAndNoMore) {
  World w(
      with_hosts("x.example. MX 1 loop.example.\n"
                 "x.example. MX 2 lan.example.\n"
                 "x.example. MX 3 good.example.\n"));
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "ok");
  w.set("sender-domain", "mx-hosts", "3");
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "ok");
  EXPECT_EQ(w.counters().get("checks.sender-domain.mx-capped").value(), 0);
  w.set("sender-domain", "mx-hosts", "2");
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "mx-loopback");
  EXPECT_EQ(w.finding("sender-domain", "a@x.example").reason,
            "loop.example is 127.0.0.1, lan.example is 10.1.2.3 (2 of 3 hosts looked at)");
  EXPECT_EQ(w.counters().get("checks.sender-domain.mx-capped").value(), 2);
}

TEST(SenderDomain, CountsItsQuestions) {
  World w(
      with_hosts("x.example. MX 1 loop.example.\n"
                 "x.example. MX 2 good.example.\n"));
  w.set("sender-domain", "questions", "5");
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "ok");
  w.set("sender-domain", "questions", "2");
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "unavailable");
}

TEST(SenderDomain, RefusesNothingWhileItDoesNotKnowWhoWeAre) {
  World w(
      with_hosts("x.example. MX 10 us.example.\n"
                 "good.example. MX 10 good.example.\n"));
  w.lose_site_domains();
  EXPECT_EQ(w.check("sender-domain", "a@x.example"), "unavailable");
  EXPECT_EQ(w.check("sender-domain", "a@gone.example"), "unavailable");
  EXPECT_EQ(w.check("sender-domain", "a@good.example"), "ok");
}

}  // namespace
}  // namespace postern
