#include "policy/auth/spf/record.h"

namespace postern {
namespace {

std::string problem(std::string_view terms) {
  const auto record = spf::parse_record("v=spf1 " + std::string(terms));
  return record ? "" : record.error().message;
}

// Does the network of the only mechanism hold the client?
bool holds(std::string_view mechanism, std::string_view client) {
  const auto record = spf::parse_record("v=spf1 " + std::string(mechanism));
  return record && record->mechanisms.at(0).network &&
         record->mechanisms.at(0).network->contains(*IpAddress::parse(client));
}

TEST(SpfRecord, IsKnownByItsVersion) {  // RFC 7208 4.5
  EXPECT_TRUE(spf::is_record("v=spf1"));
  EXPECT_TRUE(spf::is_record("V=SPF1 -all"));
  for (const std::string_view other : {"v=spf10 -all", "v=spf1\t-all", "v=spf", "", " v=spf1", "v=spf2.0/pra"})
    EXPECT_FALSE(spf::is_record(other)) << other;
}

TEST(SpfRecord, IsReadWithAllItsTerms) {
  const auto record = spf::parse_record(
      "v=spf1  A:%{d}/24//64 -MX ~ptr ?exists:%{i}.a.example ip4:192.0.2.0/24 include:b.example. redirect=c.example "
      "EXP=d.example x-y.z_1=%{c} ");
  ASSERT_TRUE(record) << record.error().message;
  ASSERT_EQ(record->mechanisms.size(), 6U);
  EXPECT_EQ(record->mechanisms[0].type, spf::MechanismType::a);
  EXPECT_EQ(record->mechanisms[0].prefix4, 24);
  EXPECT_EQ(record->mechanisms[0].prefix6, 64);
  EXPECT_EQ(record->mechanisms[0].text, "A:%{d}/24//64");
  EXPECT_EQ(record->mechanisms[1].result, spf::Status::fail);
  EXPECT_FALSE(record->mechanisms[1].target);
  EXPECT_EQ(record->mechanisms[2].result, spf::Status::softfail);
  EXPECT_EQ(record->mechanisms[3].result, spf::Status::neutral);
  EXPECT_TRUE(record->redirect);
  EXPECT_TRUE(record->explanation);
}

TEST(SpfRecord, IsRefusedForAnyWrongTerm) {  // RFC 7208 4.6
  EXPECT_EQ(problem("-all moo"), "unknown mechanism \"moo\"");
  EXPECT_EQ(problem("-all a:b"), "syntax error in \"a:b\"");
  EXPECT_EQ(problem("redirect=a.b redirect=a.b"), "more than one \"redirect\"");
  EXPECT_EQ(problem("\x1b[31m"), "unknown mechanism \"\\x1b[31m\"");
  for (const std::string_view bad : {"+",
                                     "-",
                                     "=a",
                                     "1a=b",
                                     "all:",
                                     "all/8",
                                     "include",
                                     "include:",
                                     "include:a.b/24",
                                     "exists",
                                     "a:",
                                     "a/",
                                     "a//",
                                     "a/33",
                                     "a/032",
                                     "a//129",
                                     "a/24/64",
                                     "a/24//",
                                     "mx/-1",
                                     "ptr/24",
                                     "ptr:",
                                     "ip4",
                                     "ip4:",
                                     "ip4:192.0.2",
                                     "ip4:192.0.2.1/33",
                                     "ip4:192.0.2.1/",
                                     "ip4:192.0.2.1//24",
                                     "ip4:2001:db8::1",
                                     "ip4:192.0.2.01",
                                     "ip4:1.2.3.4:80",
                                     "ip6:192.0.2.1",
                                     "ip6:2001:db8::1/129",
                                     "ip6:2001:db8::/0999",
                                     "ip6:[2001:db8::1]",
                                     "ip6:fe80::1%eth0",
                                     "redirect=",
                                     "exp=",
                                     "exp=%{r}.example",
                                     "redirect=-all",
                                     "x=%",
                                     "\x80"
                                     "all",
                                     "--all",
                                     "a:a.b a.b=\x7f"})
    EXPECT_NE(problem(bad), "") << bad;
  for (const std::string_view good : {"", "all all", "a/0//0", "a//0", "x=", "moo.cow-far_out=man:dog/cat",
                                      "exp=%{i}._x.%{d}", "ip6:::/0", "a:foo:bar/baz.example/24"})
    EXPECT_EQ(problem(good), "") << good;
}

TEST(SpfRecord, NeverShowsMuchOfATerm) { EXPECT_LE(problem(std::string(10000, 'x')).size(), 100U); }

TEST(SpfRecord, KeepsMappedAddressesToIp4) {  // RFC 7208 5
  EXPECT_TRUE(holds("ip4:192.0.2.77/24", "192.0.2.1")) << "bits below the prefix do not count";
  EXPECT_TRUE(holds("ip4:192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_FALSE(holds("ip6:::ffff:192.0.2.1", "::ffff:192.0.2.1"));
  EXPECT_FALSE(holds("ip6:::/0", "192.0.2.1"));
  EXPECT_TRUE(holds("ip6:::ffff:192.0.2.1/0", "2001:db8::1"));
  EXPECT_TRUE(holds("ip6:::ffff:192.0.2.1/80", "::1:2:3"));
  EXPECT_FALSE(holds("ip6:::ffff:192.0.2.1/95", "::1:2:3"));
  EXPECT_FALSE(holds("ip6:::ffff:192.0.2.1/96", "::fffe:c000:201"));
  EXPECT_TRUE(holds("ip6:2001:DB8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("ip6:2001:db8::/33", "2001:db8:8000::1"));
}

}  // namespace
}  // namespace postern
