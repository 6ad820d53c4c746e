#include "policy/accounts/callout/governor.h"

#include <thread>

#include "policy/accounts/callout/streaks.h"
#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

const IpAddress kHost = *IpAddress::parse("8.8.8.1");
const IpAddress kOther = *IpAddress::parse("8.8.8.2");

SteadyTime soon() { return std::chrono::steady_clock::now() + 5s; }

TEST(Governor, AMinuteIsAnyMinute) {
  FakeClock clock;
  Governor governor({.at_once = 1, .per_host_and_minute = 2, .per_minute = 100}, clock);
  EXPECT_TRUE(governor.admit(kHost, soon()).permit);
  clock.advance(40s);
  EXPECT_TRUE(governor.admit(kHost, soon()).permit);
  EXPECT_EQ(governor.admit(kHost, soon()).refusal, Governor::Refusal::host_rate);
  EXPECT_TRUE(governor.admit(kOther, soon()).permit);
  clock.advance(20s);  // the first is a minute ago, the second 20 s
  EXPECT_TRUE(governor.admit(kHost, soon()).permit);
  EXPECT_EQ(governor.admit(kHost, soon()).refusal, Governor::Refusal::host_rate);
}

TEST(Governor, AllHostsShareAMinute) {
  FakeClock clock;
  Governor governor({.at_once = 1, .per_host_and_minute = 2, .per_minute = 2}, clock);
  EXPECT_TRUE(governor.admit(kHost, soon()).permit);
  EXPECT_TRUE(governor.admit(kOther, soon()).permit);
  EXPECT_EQ(governor.admit(*IpAddress::parse("8.8.8.3"), soon()).refusal, Governor::Refusal::overall_rate);
}

TEST(Governor, OneWaitsForABusyHostAndNoMore) {
  FakeClock clock;
  Governor governor({}, clock);
  auto first = governor.admit(kHost, soon());
  ASSERT_TRUE(first.permit);
  EXPECT_EQ(governor.admit(kHost, std::chrono::steady_clock::now()).refusal, Governor::Refusal::busy);
  std::atomic<bool> waits = false;
  std::thread second([&] {
    waits = true;
    EXPECT_TRUE(governor.admit(kHost, std::chrono::steady_clock::now() + 60s).permit);
  });
  while (!waits) std::this_thread::yield();
  first.permit.reset();
  second.join();
}

TEST(Governor, NobodyWaitsAfterItsEnd) {
  FakeClock clock;
  Governor governor({}, clock);
  const auto first = governor.admit(kHost, soon());
  governor.close();
  EXPECT_EQ(governor.admit(kHost, std::chrono::steady_clock::now() + 60s).refusal, Governor::Refusal::busy);
}

TEST(Governor, HostsAreBounded) {
  FakeClock clock;
  Governor governor({.at_once = 1, .per_host_and_minute = 20, .per_minute = 100'000}, clock);
  const auto host = [](int i) {
    return IpAddress::v4({8, 1, static_cast<std::uint8_t>(i / 250), static_cast<std::uint8_t>(i % 250)});
  };
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(governor.admit(host(i), soon()).permit);
  EXPECT_EQ(governor.admit(host(10'000), soon()).refusal, Governor::Refusal::too_many_hosts);
  clock.advance(1min);
  EXPECT_TRUE(governor.admit(host(10'000), soon()).permit);
}

TEST(Streaks, ADomainIsPausedUntilItsTimeIsOver) {
  const Domain domain = *Domain::parse("a.example");
  FakeClock clock;
  Streaks streaks({.in_a_row = 2, .pause = 1h});
  EXPECT_FALSE(streaks.missing(domain, clock.now()));
  streaks.exists(domain);
  EXPECT_FALSE(streaks.missing(domain, clock.now()));
  clock.advance(1h);  // longer ago than a pause: no row
  EXPECT_FALSE(streaks.missing(domain, clock.now()));
  EXPECT_FALSE(streaks.is_paused(domain, clock.now()));
  EXPECT_TRUE(streaks.missing(domain, clock.now()));
  EXPECT_TRUE(streaks.is_paused(domain, clock.now()));
  clock.advance(1h);
  EXPECT_FALSE(streaks.is_paused(domain, clock.now()));
}

TEST(Streaks, DomainsAreBounded) {
  FakeClock clock;
  Streaks streaks({.in_a_row = 1, .pause = 1h});
  for (int i = 0; i < 10'001; ++i) {
    streaks.missing(*Domain::parse("d" + std::to_string(i) + ".example"), clock.now());
    clock.advance(1ms);
  }
  EXPECT_EQ(streaks.paused(clock.now()), 10'000U);
  EXPECT_FALSE(streaks.is_paused(*Domain::parse("d0.example"), clock.now()));
}

}  // namespace
}  // namespace postern::callout
