#include "policy/auth/spf/spf.h"

#include "tests/auth/spf_world.h"

namespace postern {
namespace {

using test::SpfWorld;

TEST(Spf, FollowsTheRecord) {
  SpfWorld w(
      "a.example. TXT \"v=spf1 ip4:192.0.2.0/28 a:out.a.example mx -all\"\n"
      "a.example. MX 10 mx.a.example.\n"
      "out.a.example. A 198.51.100.1\n"
      "mx.a.example. A 198.51.100.2\n"
      "mx.a.example. AAAA 2001:db8::2\n"
      "wide.example. TXT \"v=spf1 include:a.example ~all\"\n"
      "over.example. TXT \"v=spf1 redirect=a.example\"\n"
      "open.example. TXT \"v=spf1 ip4:203.0.113.1\"\n");
  EXPECT_EQ(w.check("u@a.example"), "pass ip4:192.0.2.0/28");
  EXPECT_EQ(w.check("u@A.Example."), "pass ip4:192.0.2.0/28");
  EXPECT_EQ(w.check("u@a.example", "198.51.100.1"), "pass a:out.a.example");
  EXPECT_EQ(w.check("u@a.example", "2001:db8::2"), "pass mx");
  EXPECT_EQ(w.check("u@a.example", "198.51.100.9"), "fail -all");
  EXPECT_EQ(w.check("u@wide.example"), "pass include:a.example");
  EXPECT_EQ(w.check("u@wide.example", "198.51.100.9"), "softfail ~all");
  EXPECT_EQ(w.check("u@over.example", "198.51.100.9"), "fail -all");
  EXPECT_EQ(w.check("u@open.example"), "neutral default");
  EXPECT_EQ(w.check("u@gone.example"), "none default");
  EXPECT_EQ(w.check("u@localhost"), "none default");
  EXPECT_EQ(w.check("u@[192.0.2.1]"), "none default");
  const auto result = w.check(SpfWorld::query("u@wide.example", "198.51.100.9"));
  EXPECT_EQ(result.reason, "~all of wide.example");
  EXPECT_EQ(result.domain, "wide.example");
  EXPECT_EQ(result.lookups, 3);
}

TEST(Spf, TakesTheIdentityThatIsAskedFor) {  // RFC 7208 2.3, 2.4
  SpfWorld w(
      "mail.client.example. TXT \"v=spf1 exists:%{l}.%{o}.x.example -all\"\n"
      "postmaster.mail.client.example.x.example. A 127.0.0.2\n"
      "a.example. TXT \"v=spf1 -all\"\n");
  spf::Query query = SpfWorld::query("u@a.example");
  EXPECT_EQ(w.check(query).status, spf::Status::fail);
  query.identity = spf::Identity::helo;
  EXPECT_EQ(w.check(query).status, spf::Status::pass);
  EXPECT_EQ(w.check(query).domain, "mail.client.example");
  EXPECT_EQ(w.check(SpfWorld::query("")).status, spf::Status::pass) << "the null reverse-path";
  EXPECT_EQ(w.check(SpfWorld::query("")).identity, spf::Identity::mail_from);
}

TEST(Spf, BlamesNobodyForDns) {
  SpfWorld w(
      "; FAULT down.example. SERVFAIL\n"
      "; FAULT bogus.example. BOGUS\n"
      "a.example. TXT \"v=spf1 a:down.example -all\"\n"
      "b.example. TXT \"v=spf1 include:bogus.example -all\"\n"
      "c.example. TXT \"v=spf1 mx -all\"\n"
      "c.example. MX 10 down.example.\n"
      "c.example. MX 20 up.example.\n"
      "up.example. A 192.0.2.1\n"
      "d.example. TXT \"v=spf1 ptr -all\"\n"
      "slow.example. TXT \"v=spf1 -all\"\n");
  EXPECT_EQ(w.check("u@down.example"), "temperror default");
  EXPECT_EQ(w.check("u@a.example"), "temperror a:down.example");
  EXPECT_EQ(w.check("u@b.example"), "temperror include:bogus.example");
  EXPECT_EQ(w.check("u@c.example"), "pass mx") << "the host that was not found could not have changed that";
  EXPECT_EQ(w.check("u@c.example", "192.0.2.9"), "temperror mx");
  w.hold("slow.example");
  EXPECT_EQ(w.check("u@slow.example"), "temperror default");
  EXPECT_EQ(w.check("u@d.example"), "fail -all") << "without a name there is no match (RFC 7208 5.5)";
  w.hold("1.2.0.192.in-addr.arpa");
  EXPECT_EQ(w.check("u@d.example"), "temperror ptr") << "but the name may still come";
}

TEST(Spf, MatchesNothingWhereAMacroCannotBeHad) {  // RFC 8616 4
  SpfWorld w(
      "a.example. TXT \"v=spf1 exists:%{l}.x.a.example ?all\"\n"
      "*.x.a.example. A 127.0.0.2\n");
  EXPECT_EQ(w.check("u@a.example"), "pass exists:%{l}.x.a.example");
  EXPECT_EQ(w.check("j\xc3\xb6rg@a.example"), "neutral ?all");
}

TEST(Spf, MatchesNothingWhereAMacroIsVeryLong) {
  SpfWorld w("a.example. TXT \"v=spf1 exists:%{l1}.x.a.example ?all\"\nu.x.a.example. A 127.0.0.2\n");
  std::string local = "u";
  while (local.size() < 511) local += ".u";
  EXPECT_EQ(w.check(local + "@a.example"), "pass exists:%{l1}.x.a.example");
  EXPECT_EQ(w.check(local + ".u@a.example"), "neutral ?all");
}

TEST(Spf, AsksForNamesThatNoHostCanHave) {
  SpfWorld w(
      "a.example. TXT \"v=spf1 exists:%{s}._x.a.example -all\"\n"
      "o'hara@a.example._x.a.example. A 127.0.0.2\n"
      "two\\032words@a.example._x.a.example. A 127.0.0.2\n");
  EXPECT_EQ(w.check("o'hara@a.example"), "pass exists:%{s}._x.a.example");
  EXPECT_EQ(w.check("\"two words\"@a.example"), "fail -all");
  EXPECT_EQ(w.check("two words@a.example"), "pass exists:%{s}._x.a.example");
  EXPECT_EQ(w.check("a..b@a.example"), "fail -all") << "an empty label: there is no such name";
}

TEST(Spf, PrefersTheClientsNameWithinTheDomain) {  // RFC 7208 7.3
  SpfWorld w(
      "b.example. TXT \"v=spf1 exists:%{p}.x.example -all\"\n"
      "1.2.0.192.in-addr.arpa. PTR a.other.example.\n"
      "1.2.0.192.in-addr.arpa. PTR mail.b.example.\n"
      "a.other.example. A 192.0.2.1\n"
      "mail.b.example. A 192.0.2.1\n"
      "mail.b.example.x.example. A 127.0.0.2\n"
      "unknown.x.example. A 127.0.0.2\n");
  EXPECT_EQ(w.check("u@b.example"), "pass exists:%{p}.x.example");
  EXPECT_EQ(w.check("u@b.example", "192.0.2.2"), "pass exists:%{p}.x.example") << "unknown";
}

TEST(Spf, ExplainsOnlyWhenAsked) {  // RFC 7208 6.2
  SpfWorld w(
      "a.example. TXT \"v=spf1 exp=why.a.example -all\"\n"
      "why.a.example. TXT \"%{s} may not send from %{c} to %{r} at %{t}; see %%{i}\"\n"
      "b.example. TXT \"v=spf1 exp=gone.example -all\"\n"
      "c.example. TXT \"v=spf1 exp=long.example -all\"\n"
      "long.example. TXT \"%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}%{S}\"\n");
  spf::Query query = SpfWorld::query("u@a.example");
  query.receiver = "mx.home.example";
  query.unix_time = 1700000000;
  EXPECT_EQ(w.check(query, {.explain = true}).explanation,
            "u@a.example may not send from 192.0.2.1 to mx.home.example at 1700000000; see %{i}");
  EXPECT_EQ(w.check(query).explanation, "");
  EXPECT_EQ(w.check(SpfWorld::query("u@b.example"), {.explain = true}).explanation, "");
  EXPECT_EQ(w.check(SpfWorld::query("u\n@a.example"), {.explain = true}).explanation, "") << "not printable";
  EXPECT_EQ(w.check(SpfWorld::query(std::string(60, '"') + "@c.example"), {.explain = true}).explanation.size(), 400U);
  SpfWorld silent("a.example. TXT \"v=spf1 exp=why.a.example -all\"\n");
  silent.check("u@a.example");
  EXPECT_EQ(silent.questions(), 1U) << "nobody asks for what nobody reads";
}

TEST(Spf, KeepsHostileTextShort) {
  const std::string label(60, 'x');
  const std::string name = label + "." + label + "." + label + ".example";
  SpfWorld w(name + ". TXT \"v=spf1 include:" + name + " include:" + name + "\"\n");
  const auto result = w.check(SpfWorld::query("u@" + name));
  EXPECT_EQ(result.status, spf::Status::permerror);
  EXPECT_LE(result.reason.size(), 200U);
  EXPECT_LE(result.mechanism.size(), 200U);
  const auto none = w.check(SpfWorld::query("u@\x1b[31m" + std::string(5000, 'x')));
  EXPECT_EQ(none.status, spf::Status::none);
  EXPECT_LE(none.reason.size(), 200U);
  EXPECT_EQ(none.reason.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace postern
