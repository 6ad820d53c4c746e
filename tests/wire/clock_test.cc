// FAULTS T64 in small: the wall clock is set while sessions are open. Nobody is cut off, and no wait is longer or
// shorter.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/scripted_dns.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr std::int64_t kDay = 86'400;

// A daemon whose wall clock can be set.
class SetClock {
 public:
  explicit SetClock(const Daemon::Setup& setup) : path_(folder_ / "clock") {
    set(0);
    Daemon::Setup with_clock = setup;
    with_clock.environment.insert(
        with_clock.environment.end(),
        {"LD_PRELOAD=" POSTERN_CLOCK_SHIM, "POSTERN_TEST_CLOCK=" + path_, "ASAN_OPTIONS=verify_asan_link_order=0"});
    daemon_.emplace(with_clock);
  }
  void set(std::int64_t seconds) const {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    if (!file) file.open(path_, std::ios::binary | std::ios::out);
    file.write(reinterpret_cast<const char*>(&seconds), sizeof seconds);
  }
  // What the daemon takes for now, by its last reload.
  std::int64_t now() const { return nlohmann::json::parse(daemon_->ask("reload")).at("at").get<std::int64_t>(); }
  Daemon& daemon() { return *daemon_; }

 private:
  TempFolder folder_;
  const std::string path_;
  std::optional<Daemon> daemon_;
};

// Whether sessions live on that are idle, or in a message, when the clock is set. libmilter looks after them whenever a
// session says something, the daemon's own each second among them.
bool sessions_outlive_a_day_forth_and_back(const std::vector<std::string>& arguments) {
  SetClock world({.arguments = arguments});
  MilterClient idle = world.daemon().client();
  idle.greet();
  MilterClient busy = world.daemon().client();
  busy.greet();
  busy.mail("<a@x.test>");
  busy.rcpt("<r@site.test>");
  bool outlive = true;
  for (const std::int64_t offset : {kDay, 2 * kDay, std::int64_t{0}, -kDay, std::int64_t{0}}) {
    const std::int64_t before = world.now();
    world.set(offset);
    EXPECT_GT(std::abs(world.now() - before), kDay / 2);
    for (int i = 0; i < 5; ++i) {
      MilterClient other = world.daemon().client();
      other.greet();
      std::this_thread::sleep_for(100ms);
    }
    outlive = outlive && !idle.readable(1ms) && !busy.readable(1ms);
  }
  if (!outlive) return false;
  EXPECT_EQ(busy.end_of_message().verdict, "continue");
  EXPECT_EQ(idle.message("<a@x.test>", "<r@site.test>"), "continue");
  return true;
}

TEST(WallClock, MayBeSetWhileSessionsAreOpen) { EXPECT_TRUE(sessions_outlive_a_day_forth_and_back({})); }

TEST(WallClock, WouldEndSessionsWithoutAClockOfLibmiltersOwn) {
  EXPECT_FALSE(sessions_outlive_a_day_forth_and_back({"--test-without", "steady-time"}));
}

TEST(WallClock, MovesNoDeadline) {
  ScriptedDns dns("x.test. A 192.0.2.1\n");
  dns.silence(true);
  SetClock world({.rules = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n",
                  .sections = "checks: {sender-domain: {timeout: 10s}}\n",
                  .dns_port = dns.port()});
  std::int64_t offset = 0;
  for (const std::int64_t step : {kDay, -kDay}) {
    MilterClient c = world.daemon().client();
    c.greet();
    c.mail("<a@d" + std::to_string(step > 0) + ".x.test>");
    c.packet('R', std::string("<r@site.test>\0", 14));
    ASSERT_TRUE(world.daemon().counts("milter.callbacks", 1));
    const auto start = std::chrono::steady_clock::now();
    world.set(offset += step);
    EXPECT_FALSE(c.readable(2s)) << step;
    EXPECT_TRUE(c.readable(20s)) << step;
    EXPECT_LT(std::chrono::steady_clock::now() - start, 15s);
  }
}

}  // namespace
}  // namespace postern::test
