#include "policy/base/breaker.h"

#include "policy/dns/target_zone.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1000s};

TEST(Breaker, OpensWhenFourZonesFailWithinTenSeconds) {  // FAULTS T38
  Breaker b({});
  EXPECT_FALSE(b.failed("a.test", kStart));
  EXPECT_FALSE(b.failed("b.test", kStart + 1s));
  EXPECT_FALSE(b.failed("c.test", kStart + 2s));
  EXPECT_TRUE(b.admits(kStart + 3s));
  EXPECT_FALSE(b.open(kStart + 9s));  // there is no reason yet
  EXPECT_TRUE(b.failed("d.test", kStart + 9s));
  EXPECT_TRUE(b.open(kStart + 9s));
  EXPECT_TRUE(b.is_open());
  EXPECT_FALSE(b.admits(kStart + 9s));
  EXPECT_FALSE(b.failed("e.test", kStart + 9s));  // opened once
}

TEST(Breaker, WithoutALimitNeverOpens) {
  Breaker b({.errors = 0});
  for (const char* zone : {"a", "b", "c", "d", "e", "f"}) EXPECT_FALSE(b.failed(zone, kStart));
  EXPECT_FALSE(b.open(kStart));
  EXPECT_TRUE(b.admits(kStart));
}

TEST(Breaker, OneDeadZoneOpensNothing) {
  Breaker b({});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(b.failed("dead.test", kStart));
  EXPECT_FALSE(b.is_open());
}

TEST(Breaker, ForgetsOldFailuresAndThoseBeforeAnAnswer) {
  Breaker old({});
  for (const char* zone : {"a", "b", "c"}) old.failed(zone, kStart);
  EXPECT_FALSE(old.failed("d", kStart + 10s));
  Breaker answered({});
  for (const char* zone : {"a", "b", "c"}) answered.failed(zone, kStart);
  answered.succeeded();
  EXPECT_FALSE(answered.failed("d", kStart));
}

TEST(Breaker, TriesOneQuestionEveryFiveSecondsUntilOneIsAnswered) {
  Breaker b({});
  for (const char* zone : {"a", "b", "c", "d"}) b.failed(zone, kStart);
  EXPECT_TRUE(b.open(kStart));
  EXPECT_FALSE(b.open(kStart));
  EXPECT_FALSE(b.admits(kStart + 4999ms));
  EXPECT_TRUE(b.admits(kStart + 5s));
  EXPECT_FALSE(b.admits(kStart + 5s));
  EXPECT_TRUE(b.admits(kStart + 10s));
  b.succeeded();
  EXPECT_FALSE(b.is_open());
  EXPECT_TRUE(b.admits(kStart + 10s));
}

TEST(TargetZone, IsAboutWhatOneRegistrantHolds) {
  const auto zone = [](std::string_view name) {
    const Domain domain = *Domain::parse(name);
    return std::string(target_zone(domain));
  };
  EXPECT_EQ(zone("com"), "com");
  EXPECT_EQ(zone("example.com"), "example.com");
  EXPECT_EQ(zone("a.b.c.example.com"), "example.com");
  EXPECT_EQ(zone("mail.shop.co.uk"), "shop.co.uk");
  EXPECT_EQ(zone("co.uk"), "co.uk");
  EXPECT_EQ(zone("a.example.de"), "example.de");
  EXPECT_EQ(zone("4.3.2.1.in-addr.arpa"), "2.1.in-addr.arpa");
  EXPECT_EQ(zone("1.in-addr.arpa"), "1.in-addr.arpa");
  EXPECT_EQ(zone("f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
            "8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace postern::dns
