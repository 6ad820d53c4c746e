// Who is forged is spared, and so are the threads of whoever asks (FAULTS T46, T47).
#include <deque>
#include <thread>

#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

using test::Say;

const test::Behaviour kMissing{.rcpt = "550 5.1.1 no such user\r\n"};

// Forged senders of one domain, ten a second: the most connections of any minute (FAULTS T46, N16).
std::size_t worst_minute(std::size_t per_minute, int messages) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", kMissing);
  w.options.limits.missing_in_a_row = 0;
  w.options.limits.connections_per_host_and_minute = per_minute;
  w.options.limits.probes_per_day = w.options.limits.probes_per_client_and_hour = 1'000'000;
  w.options.limits.connections_per_minute = 1'000'000;
  std::deque<SteadyTime> minute;
  std::size_t most = 0;
  for (int i = 0; i < messages; ++i) {
    const int before = server.connections();
    const Asker asker{.client = IpAddress::v4({198, 51, static_cast<std::uint8_t>(i), 1}), .skip = {}};
    const Verdict verdict = w.ask("user" + std::to_string(i) + "@a.example", asker);
    EXPECT_TRUE(verdict.kind == Kind::missing || verdict.cause == Cause::limit);
    for (int n = before; n < server.connections(); ++n) minute.push_back(w.clock.now());
    while (!minute.empty() && minute.front() + 1min <= w.clock.now()) minute.pop_front();
    most = std::max(most, minute.size());
    w.clock.advance(100ms);
  }
  EXPECT_LE(server.at_once(), 1);
  EXPECT_EQ(w.count("over_host") + w.count("missing"), messages);
  EXPECT_EQ(w.callout().health().today, server.connections());  // who was not asked costs no budget
  return most;
}

TEST(CalloutFlood, TenThousandForgedSendersMakeTwentyConnectionsAMinute) { EXPECT_EQ(worst_minute(20, 10'000), 20U); }

TEST(CalloutFlood, WithoutTheGovernorTheyMakeAsManyAsTheyAre) { EXPECT_EQ(worst_minute(1'000'000, 1'000), 600U); }

TEST(CalloutThreads, OneProbeServesAllWhoAsk) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {.rcpt = Say("250 ok\r\n").after(300ms)});
  w.options.threads = 4;
  w.callout();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { good += w.ask("user@a.example").kind == Kind::exists; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 20);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CalloutThreads, WaitsSoftlyAndGoesOnWithoutTheCaller) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {.rcpt = Say("250 ok\r\n").after(500ms)});
  w.options.threads = 2;
  const Verdict first = w.ask("user@a.example", {}, 50ms);
  EXPECT_EQ(first.kind, Kind::unknown);
  EXPECT_EQ(first.cause, Cause::late);
  EXPECT_TRUE(first.late);
  for (int i = 0; i < 500 && w.callout().health().probing > 0; ++i) std::this_thread::sleep_for(10ms);
  const Verdict retry = w.ask("user@a.example");
  EXPECT_EQ(retry.kind, Kind::exists);
  EXPECT_TRUE(retry.cached);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CalloutThreads, WaitsNoLongerThanTheSoftLimitWhateverTheCallerMay) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {.greeting = Say("220 mx\r\n").after(60s)});
  w.options.threads = 1;
  w.options.soft = 50ms;
  w.options.times = {.connect = 2s, .command = 60s, .total = 60s};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(w.ask("user@a.example").cause, Cause::late);
  w.made.reset();  // breaks it off
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

// Is the probe of a host that says a byte each half second over after 2 s?
bool ends_soon(const DialogueTimes& times) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {.greeting = Say("220 mx.example ESMTP\r\n").each_byte(500ms)});
  w.options.threads = 1;
  w.options.times = times;
  w.ask("user@a.example", {}, 2s);
  return w.callout().health().probing == 0;
}

TEST(CalloutThreads, ATarpitEndsWithItsTime) {
  EXPECT_TRUE(ends_soon({.connect = 1s, .command = 200ms, .total = 60s}));
  EXPECT_TRUE(ends_soon({.connect = 1s, .command = 60s, .total = 200ms}));
}

TEST(CalloutThreads, ATarpitWouldGoOnWithoutLimits) {
  EXPECT_FALSE(ends_soon({.connect = 1h, .command = 1h, .total = 1h}));
}

TEST(CalloutThreads, TheHardLimitIsUnknownAndNeverMissing) {  // mailfromd's flaw: FIELD 2.4
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {.rcpt = Say("550 5.1.1 no such user\r\n").each_byte(500ms)});
  w.options.threads = 1;
  w.options.times = {.connect = 300ms, .command = 60s, .total = 400ms};
  EXPECT_EQ(w.words("user@a.example"), "unknown unreachable");
}

TEST(CalloutThreads, AsksOneHostOneQuestionAtATime) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {.rcpt = Say("250 ok\r\n").after(100ms)});
  w.options.threads = 8;
  w.callout();
  std::vector<std::thread> threads;
  std::atomic<int> exist = 0;
  std::atomic<int> busy = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const Verdict verdict = w.ask("user" + std::to_string(i) + "@a.example");
      exist += verdict.kind == Kind::exists;
      busy += verdict.cause == Cause::busy;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.at_once(), 1);
  EXPECT_EQ(exist + busy, 8);
  EXPECT_GE(exist, 2);  // the one that runs, and the one that may wait for it
}

TEST(CalloutThreads, AFullQueueIsUnknown) {
  World w("a.example. A 127.1.0.1\nb.example. A 127.1.0.1\nc.example. A 127.1.0.1\nd.example. A 127.1.0.1\n");
  w.farm.add("127.1.0.1", {.greeting = Say("220 mx\r\n").after(60s)});
  w.options.threads = 1;
  w.options.queue = 1;
  w.options.times = {.connect = 2s, .command = 60s, .total = 60s};
  EXPECT_EQ(w.ask("user@a.example", {}, 100ms).cause, Cause::late);
  EXPECT_EQ(w.ask("user@b.example", {}, 20ms).cause, Cause::late);
  EXPECT_EQ(w.ask("user@c.example", {}, 20ms).cause, Cause::busy);
  EXPECT_EQ(w.callout().health().probing, 2U);
  EXPECT_EQ(w.callout().health().waiting, 1U);
}

}  // namespace
}  // namespace postern::callout
