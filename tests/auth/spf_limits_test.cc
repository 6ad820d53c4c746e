#include <gtest/gtest.h>

#include "tests/auth/spf_world.h"

namespace postern {
namespace {

using test::SpfWorld;

// `count` terms of `term` with a number in it, each of which has `zone`.
std::string numbered(int count, const char* text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += fmt::format(fmt::runtime(text), i);
  return out;
}

std::string txt(const std::string& name, const std::string& terms) {
  std::string strings;
  const std::string record = "v=spf1" + terms;
  for (std::size_t at = 0; at < record.size(); at += 200) strings += " \"" + record.substr(at, 200) + "\"";
  return name + ". TXT" + strings + "\n";
}

// Ten includes, each of them ten `mx`, each of those ten hosts.
std::string amplifier() {
  std::string zone = txt("evil.example", numbered(10, " include:i{}.example") + " -all");
  for (int i = 0; i < 10; ++i) {
    zone += txt(fmt::format("i{}.example", i), numbered(10, fmt::format(" mx:m{{}}.i{}.example", i).c_str()));
    for (int m = 0; m < 10; ++m)
      zone += numbered(10, fmt::format("m{}.i{}.example. MX {{0}} h{{0}}.m{}.i{}.example.\n", m, i, m, i).c_str());
  }
  return zone;
}

// FAULTS T29.
TEST(SpfLimits, KeepAZoneFromUsingUsAgainstOthers) {
  SpfWorld w(amplifier());
  const auto result = w.check(SpfWorld::query("u@evil.example"));
  EXPECT_EQ(result.status, spf::Status::permerror);
  EXPECT_TRUE(result.capped);
  EXPECT_EQ(result.lookups, 10);
  EXPECT_LE(w.questions(), 111U);
  SpfWorld unprotected(amplifier());
  unprotected.check(SpfWorld::query("u@evil.example"), {.lookups = 1000, .void_lookups = 1000});
  EXPECT_GT(unprotected.questions(), 1000U) << "what the limits keep away";
}

TEST(SpfLimits, HoldForTheDearestRecord) {  // ten `mx` of ten hosts
  std::string zone = txt("evil.example", numbered(10, " mx:m{}.example") + " -all");
  for (int m = 0; m < 10; ++m)
    zone += numbered(10, fmt::format("m{}.example. MX {{0}} h{{0}}.m{}.example.\n", m, m).c_str());
  SpfWorld w(zone);
  EXPECT_EQ(w.check("u@evil.example"), "fail -all");
  EXPECT_EQ(w.questions(), 111U);
}

TEST(SpfLimits, HoldForWhatIsAnnouncedInVain) {  // an include costs the terms behind it, which were announced
  std::string zone = txt("evil.example", " include:i.example" + numbered(9, " a:a{}.example"));
  zone += txt("i.example", numbered(10, " mx:m{}.example"));
  for (int m = 0; m < 10; ++m)
    zone += numbered(10, fmt::format("m{}.example. MX {{0}} h{{0}}.m{}.example.\n", m, m).c_str());
  SpfWorld w(zone);
  EXPECT_EQ(w.check("u@evil.example"), "permerror include:i.example");
  EXPECT_LE(w.questions(), 111U);
}

TEST(SpfLimits, AreTenTermsThatAskDns) {  // RFC 7208 4.6.4
  const std::string hosts = numbered(12, "h{}.example. A 203.0.113.1\n");
  SpfWorld ten(txt("a.example", numbered(10, " a:h{}.example") + " all") + hosts);
  EXPECT_EQ(ten.check("u@a.example"), "pass all");
  SpfWorld eleven(txt("a.example", numbered(11, " a:h{}.example") + " all") + hosts);
  EXPECT_EQ(eleven.check("u@a.example"), "permerror a:h10.example");
  SpfWorld redirect(txt("a.example", numbered(10, " a:h{}.example") + " redirect=b.example") +
                    txt("b.example", " all") + hosts);
  EXPECT_EQ(redirect.check("u@a.example"), "permerror default");
  SpfWorld loop(txt("a.example", " include:b.example") + txt("b.example", " include:a.example"));
  EXPECT_EQ(loop.check("u@a.example"), "permerror include:b.example");
  SpfWorld free(txt("a.example", numbered(50, " ip4:198.51.100.{}") + " -all"));
  EXPECT_EQ(free.check("u@a.example"), "fail -all") << "ip4 asks nobody";
}

TEST(SpfLimits, CountTheMacroThatAsks) {  // RFC 7208 4.6.4: %{p}
  const std::string zone = "1.2.0.192.in-addr.arpa. PTR mail.a.example.\nmail.a.example. A 192.0.2.1\n" +
                           numbered(10, "h{}.example. A 203.0.113.1\n");
  SpfWorld w(zone +
             txt("a.example", numbered(8, " a:h{}.example") + " exists:%{p}.a.example exists:%{p}.b.example ?all"));
  EXPECT_EQ(w.check("u@a.example"), "permerror exists:%{p}.b.example");
}

TEST(SpfLimits, AreTwoVoidLookups) {  // RFC 7208 4.6.4
  SpfWorld two(txt("a.example", " a:x.example mx:y.example all"));
  EXPECT_EQ(two.check("u@a.example"), "pass all");
  SpfWorld three(txt("a.example", " a:x.example mx:y.example exists:z.example all"));
  EXPECT_EQ(three.check("u@a.example"), "permerror exists:z.example");
  const auto result = three.check(SpfWorld::query("u@a.example"), {.void_lookups = 3});
  EXPECT_EQ(result.status, spf::Status::pass);
  SpfWorld four(txt("a.example", " mx all") +
                numbered(5, "a.example. MX {0} h{0}.example.\nh{0}.example. A 203.0.113.1\n"));
  EXPECT_EQ(four.check("u@a.example", "2001:db8::1"), "pass all") << "hosts without AAAA are no terms";
}

TEST(SpfLimits, AreTenMxHosts) {  // RFC 7208 4.6.4
  const std::string record = txt("a.example", " mx -all");
  SpfWorld ten(record + numbered(10, "a.example. MX {0} h{0}.example.\n") + "h9.example. A 192.0.2.1\n");
  EXPECT_EQ(ten.check("u@a.example"), "pass mx");
  SpfWorld eleven(record + numbered(11, "a.example. MX {0} h{0}.example.\n") + "h0.example. A 192.0.2.1\n");
  EXPECT_EQ(eleven.check("u@a.example"), "permerror mx");
  EXPECT_TRUE(eleven.check(SpfWorld::query("u@a.example")).capped);
}

TEST(SpfLimits, AreTenNamesOfAClient) {  // RFC 7208 4.6.4: the others are ignored
  const std::string record = txt("h.example", " ptr -all");
  const auto names = [](int count) {
    std::string zone;
    for (int i = 1; i <= count; ++i) zone += fmt::format("1.2.0.192.in-addr.arpa. PTR n{:02}.h.example.\n", i);
    return zone;
  };
  SpfWorld ten(record + names(10) + "n10.h.example. A 192.0.2.1\n");
  EXPECT_EQ(ten.check("u@h.example"), "pass ptr");
  SpfWorld eleven(record + names(11) + "n11.h.example. A 192.0.2.1\n");
  EXPECT_EQ(eleven.check("u@h.example"), "fail -all");
  EXPECT_EQ(eleven.questions(), 12U);
}

TEST(SpfLimits, BoundTheDepth) {
  std::string zone;
  for (int i = 0; i < 100; ++i) zone += txt(fmt::format("n{}.example", i), fmt::format(" include:n{}.example", i + 1));
  SpfWorld w(zone);
  const auto result = w.check(SpfWorld::query("u@n0.example"), {.lookups = 1000000});
  EXPECT_EQ(result.status, spf::Status::permerror);
  EXPECT_TRUE(result.capped);
  EXPECT_LE(result.lookups, 21);
}

TEST(SpfAnnounces, WhatItWillAskAndNoMore) {
  SpfWorld w(txt("a.example",
                 " a mx:m.example include:i.example exists:%{i}.x.example ptr a:%{p}.example redirect=r.example") +
             txt("i.example", " -all") +
             "a.example. A 203.0.113.1\nm.example. MX 1 h.example.\n192.0.2.1.x.example. A 127.0.0.2\n");
  EXPECT_EQ(w.check("u@a.example"), "pass exists:%{i}.x.example");
  EXPECT_TRUE(w.was_announced("a.example", dns::Type::a));
  EXPECT_TRUE(w.was_announced("m.example", dns::Type::mx));
  EXPECT_TRUE(w.was_announced("h.example", dns::Type::a));
  EXPECT_TRUE(w.was_announced("i.example", dns::Type::txt));
  EXPECT_TRUE(w.was_announced("192.0.2.1.x.example", dns::Type::a));
  EXPECT_TRUE(w.was_announced("1.2.0.192.in-addr.arpa", dns::Type::ptr));
  EXPECT_TRUE(w.was_announced("r.example", dns::Type::txt));
}

TEST(SpfAnnounces, NothingBehindWhatMatchesForSure) {
  SpfWorld w(txt("a.example", " a:x.example ip4:192.0.2.1 a:y.example -all"));
  w.check("u@a.example");
  EXPECT_EQ(w.announced(), 1U);
  EXPECT_FALSE(w.was_announced("y.example", dns::Type::a));
  SpfWorld all(txt("a.example", " -all a:y.example redirect=r.example"));
  all.check("u@a.example");
  EXPECT_EQ(all.announced(), 0U);
}

TEST(SpfAnnounces, NoMoreThanTheLimitsAllow) {
  SpfWorld w(txt("a.example", numbered(60, " exists:x{}.example")));
  EXPECT_EQ(w.check("u@a.example"), "permerror exists:x2.example");
  EXPECT_EQ(w.announced(), 10U);
}

}  // namespace
}  // namespace postern
