#include "policy/base/ip.h"

namespace postern {
namespace {

TEST(IpAddress, TakesWhatRfc4291AndDottedQuadSay) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->text(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8::0:1")->text(), "2001:db8::1");
  for (const char* bad :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "[::1]", "fe80::1%eth0", "1.2.3.4/8", "::g", " 1.2.3.4"}) {
    EXPECT_FALSE(IpAddress::parse(bad)) << bad;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, MappedIpv4IsIpv4) {
  EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_TRUE(Network::parse("::ffff:192.0.2.0/120")->contains(*IpAddress::parse("192.0.2.200")));
}

TEST(IpAddress, ReverseNames) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->reverse_name(), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(IpAddress::parse("2001:db8::567:89ab")->reverse_name(),
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");  // RFC 3596 2.5
}

TEST(Network, HoldsItsAddressesAndNoOther) {
  const Network net = *Network::parse("10.20.0.0/22");
  EXPECT_TRUE(net.contains(*IpAddress::parse("10.20.3.255")));
  EXPECT_FALSE(net.contains(*IpAddress::parse("10.20.4.0")));
  EXPECT_FALSE(net.contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("255.1.2.3")));
  for (const char* bad : {"10.20.1.0/22", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8x", "/8", "::/129"})
    EXPECT_FALSE(Network::parse(bad)) << bad;
}

TEST(Classify, TellsWhatAHostCanHave) {
  const auto of = [](const char* text) { return classify(*IpAddress::parse(text)); };
  for (const char* a : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "11.0.0.1", "223.255.255.255"})
    EXPECT_EQ(of(a), AddressClass::global) << a;
  for (const char* a : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"})
    EXPECT_EQ(of(a), AddressClass::loopback) << a;
  for (const char* a :
       {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fd00::1"}) {
    EXPECT_EQ(of(a), AddressClass::private_) << a;
  }
  for (const char* a : {"0.0.0.0", "0.1.2.3", "169.254.169.254", "192.0.2.1", "198.18.0.1", "198.19.255.255",
                        "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "2001:db8::1",
                        "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "100::1", "::10.0.0.1"}) {
    EXPECT_EQ(of(a), AddressClass::bogon) << a;
  }
}

// What a callout must never connect to, and its neighbours that it may (FAULTS T45).
TEST(Classify, EveryRangeEndsWhereItsRegistrySays) {
  struct Case {
    const char* address;
    AddressClass kind;
  };
  using enum AddressClass;
  constexpr Case kCases[] = {
      {"0.0.0.0", bogon},
      {"0.255.255.255", bogon},
      {"1.0.0.0", global},
      {"9.255.255.255", global},
      {"10.0.0.0", private_},
      {"10.255.255.255", private_},
      {"11.0.0.0", global},
      {"100.63.255.255", global},
      {"100.64.0.0", private_},
      {"100.127.255.255", private_},
      {"100.128.0.0", global},
      {"126.255.255.255", global},
      {"127.0.0.0", loopback},
      {"127.255.255.255", loopback},
      {"128.0.0.0", global},
      {"169.253.255.255", global},
      {"169.254.0.0", bogon},
      {"169.254.169.254", bogon},
      {"169.254.255.255", bogon},
      {"169.255.0.0", global},
      {"172.15.255.255", global},
      {"172.16.0.0", private_},
      {"172.31.255.255", private_},
      {"172.32.0.0", global},
      {"191.255.255.255", global},
      {"192.0.0.0", bogon},
      {"192.0.0.255", bogon},
      {"192.0.1.0", global},
      {"192.0.2.255", bogon},
      {"192.0.3.0", global},
      {"192.88.99.1", bogon},
      {"192.167.255.255", global},
      {"192.168.0.0", private_},
      {"192.168.255.255", private_},
      {"192.169.0.0", global},
      {"198.17.255.255", global},
      {"198.18.0.0", bogon},
      {"198.19.255.255", bogon},
      {"198.20.0.0", global},
      {"198.51.100.7", bogon},
      {"203.0.113.7", bogon},
      {"223.255.255.255", global},
      {"224.0.0.0", bogon},
      {"239.255.255.255", bogon},
      {"240.0.0.0", bogon},
      {"255.255.255.255", bogon},
      {"::", bogon},
      {"::1", loopback},
      {"::2", bogon},
      {"::127.0.0.1", bogon},
      {"::ffff:127.0.0.1", loopback},
      {"::ffff:10.0.0.1", private_},
      {"::ffff:8.8.8.8", global},
      {"::ffff:169.254.169.254", bogon},
      {"::ffff:0:127.0.0.1", bogon},
      {"64:ff9b::808:808", bogon},
      {"64:ff9b::7f00:1", bogon},
      {"64:ff9b:1::1", bogon},
      {"100::1", bogon},
      {"1fff:ffff::1", bogon},
      {"2000::1", global},
      {"2001::1", bogon},
      {"2001:0:808:808::1", bogon},
      {"2001:10::1", bogon},
      {"2001:20::1", bogon},
      {"2001:1ff:ffff::1", bogon},
      {"2001:200::1", global},
      {"2001:db7::1", global},
      {"2001:db8::1", bogon},
      {"2001:db9::1", global},
      {"2002:7f00:1::1", bogon},
      {"2002:a00:1::1", bogon},
      {"2002:808:808::1", bogon},
      {"2003::1", global},
      {"2a00:1450::1", global},
      {"3ffd::1", global},
      {"3ffe::1", bogon},
      {"3fff::1", bogon},
      {"3fff:1000::1", global},
      {"4000::1", bogon},
      {"5f00::1", bogon},
      {"fbff::1", bogon},
      {"fc00::1", private_},
      {"fdff::1", private_},
      {"fe00::1", bogon},
      {"fe80::1", bogon},
      {"febf::1", bogon},
      {"fec0::1", bogon},
      {"feff::1", bogon},
      {"ff02::1", bogon},
      {"ffff::1", bogon},
  };
  static_assert(std::size(kCases) >= 60);
  for (const Case& c : kCases) EXPECT_EQ(classify(*IpAddress::parse(c.address)), c.kind) << c.address;
}

}  // namespace
}  // namespace postern
