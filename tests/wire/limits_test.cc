// Limits of a running daemon: what is used up, what is given back, and what outlives what (FAULTS T56 to T67).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/wire/limits_world.h"

namespace postern::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kEva = "eva@site.test";
constexpr const char* kFive =
    "  user: {per: login, count: recipients, allow: [5/24h], when: direction is submission}\n";
constexpr const char* kRule = "  - {name: user-limit, when: limit.user is over, defer: true}\n";
// Without effect, so that the limit counts and refuses nobody: the protection off.
constexpr const char* kWatched = "  - {name: user-limit, when: limit.user is over, monitor: true, defer: true}\n";

TEST(Limits, AreUsedUpOverSeveralConnections) {
  const LimitsWorld w(kFive, kRule);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(w.send(kEva), "");
    EXPECT_EQ(w.used(kEva), i);
  }
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1 Not accepted, limit user: 5 of 5/24h recipients used; next at "));
  EXPECT_EQ(w.send("tom@site.test"), "");
  EXPECT_EQ(w.used(kEva), 5);
  EXPECT_EQ(w.shown(kEva, "user").at("refused"), 1);
}

TEST(Limits, CountWhatAWatchedRuleLetsThrough) {
  const LimitsWorld w(kFive, kWatched);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(w.send(kEva), "");
  EXPECT_EQ(w.used(kEva), 8);
}

TEST(Limits, GiveBackWhatARefusedMessageReserved) {
  const LimitsWorld w(kFive,
                      std::string(kRule) + "  - {name: no, when: 'header.Subject == \"hello\"', reject: true}\n");
  for (int i = 0; i < 4; ++i) EXPECT_THAT(w.send(kEva, 5), StartsWith("550 5.7.1"));
  EXPECT_EQ(w.used(kEva), 0);
  EXPECT_EQ(w.reserved(kEva), 0);
}

TEST(Limits, GiveBackWhatAMessageWithTooManyRecipientsReserved) {
  LimitsWorld w(kFive, kRule);
  MilterClient c = w.begin(kEva);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(c.rcpt("<r" + std::to_string(i) + "@far.test>"), "continue");
  EXPECT_EQ(w.reserved(kEva), 5);
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));  // reservations count against everybody else
  EXPECT_THAT(c.rcpt("<r5@far.test>"), StartsWith("452 4.5.3 Not accepted, limit user: 0 of 5/24h recipients used, and "
                                                  "this message is to more than the 5 that are left"));
  EXPECT_THAT(c.rcpt("<r6@far.test>"), StartsWith("452 4.5.3"));
  EXPECT_THAT(c.data(), StartsWith("452 4.5.3"));
  c.abort();
  EXPECT_TRUE(comes_true(5s, [&] { return w.reserved(kEva) == 0; }));
  EXPECT_EQ(w.used(kEva), 0);
  c.mail("<eva@site.test>", LimitsWorld::logged_in(kEva));
  EXPECT_EQ(LimitsWorld::finish(c, 5), "");
  EXPECT_EQ(w.used(kEva), 5);
}

TEST(Limits, GiveBackAtRset) {
  const LimitsWorld w(kFive, kRule);
  MilterClient c = w.begin(kEva);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(c.rcpt("<r@far.test>"), "continue");
  EXPECT_EQ(w.used(kEva), 4);
  EXPECT_EQ(w.reserved(kEva), 4);
  c.abort();
  EXPECT_TRUE(comes_true(5s, [&] { return w.reserved(kEva) == 0 && w.used(kEva) == 0; }));
}

TEST(Limits, GiveBackWhatACutConnectionReserved) {
  const LimitsWorld w(kFive, kRule);
  for (int step = 0; step < 4; ++step) {
    MilterClient c = w.begin(kEva);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(c.rcpt("<r@far.test>"), "continue");
    if (step > 0) c.data();
    if (step > 1) c.header("Subject", "hello");
    if (step > 2) c.body("half a line");
    EXPECT_EQ(w.reserved(kEva), 5);
    c.hang_up();
    EXPECT_TRUE(comes_true(5s, [&] { return w.reserved(kEva) == 0; })) << step;
    EXPECT_EQ(w.used(kEva), 0);
  }
}

TEST(Limits, GiveBackARecipientThatTheMtaRefuses) {
  const LimitsWorld w(kFive, kRule);
  MilterClient c = w.begin(kEva);
  for (int i = 0; i < 9; ++i) c.rcpt("<r@far.test>", {{"{rcpt_mailer}", "error"}});
  EXPECT_EQ(w.reserved(kEva), 0);
  EXPECT_EQ(c.rcpt("<r@far.test>", {{"{rcpt_mailer}", "smtp"}}), "continue");
  EXPECT_EQ(LimitsWorld::finish(c, 3), "");
  EXPECT_EQ(w.used(kEva), 4);
}

TEST(Limits, KeepCountsOverARestart) {
  LimitsWorld w(kFive, kRule);
  EXPECT_EQ(w.send(kEva, 3), "");
  w.restart();
  EXPECT_EQ(w.used(kEva), 3);
  EXPECT_THAT(w.send(kEva, 3), StartsWith("452 4.5.3"));
  EXPECT_EQ(w.send(kEva, 2), "");
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));
}

TEST(Limits, WithoutAFileAreForgottenByARestart) {
  LimitsWorld w(kFive, kRule, "store: {}\n");
  EXPECT_EQ(w.send(kEva, 5), "");
  w.restart();
  EXPECT_EQ(w.used(kEva), 0);
  EXPECT_EQ(w.send(kEva, 5), "");
}

TEST(Limits, KeepTheHistoryWhenTheNumberChanges) {
  LimitsWorld w(kFive, kRule);
  EXPECT_EQ(w.send(kEva, 5), "");
  w.reload("  user: {per: login, count: recipients, allow: [7/24h], when: direction is submission}\n");
  EXPECT_EQ(w.send(kEva, 2), "");
  EXPECT_THAT(w.send(kEva), HasSubstr("7 of 7/24h"));
  w.reload("  user: {per: login, count: recipients, allow: [6/24h], when: direction is submission}\n");
  EXPECT_THAT(w.send(kEva), HasSubstr("7 of 6/24h"));
  w.reload("  user: {per: login, count: recipients, allow: [50/1m, 100/24h], when: direction is submission}\n");
  EXPECT_EQ(w.send(kEva, 2), "");
  const LimitsWorld::Json account = w.shown(kEva, "user");
  for (const auto& window : account.at("windows"))
    EXPECT_EQ(window.at("used"), window.at("allow") == "50/1m" ? 2 : 9) << window;  // of a minute nothing was known
}

TEST(Limits, OutliveARoundOfReloadsInMidMessage) {
  LimitsWorld w(kFive, kRule);
  MilterClient c = w.begin(kEva);
  EXPECT_EQ(c.rcpt("<a@far.test>"), "continue");
  for (int i = 0; i < 3; ++i) w.reload(kFive);
  EXPECT_EQ(w.reserved(kEva), 1);
  EXPECT_EQ(LimitsWorld::finish(c), "");
  EXPECT_EQ(w.used(kEva), 2);
  EXPECT_EQ(w.reserved(kEva), 0);
}

void write_file(const TempFolder& folder, const std::string& text) {
  std::ofstream(folder / "quotas.new") << text;
  std::filesystem::rename(folder / "quotas.new", folder / "quotas.txt");
}

TEST(Limits, FollowAnOverrideFileWithoutAReload) {
  LimitsWorld w(kFive, kRule);
  write_file(w.folder, "eva@site.test 1/24h\n");
  w.reload(
      "  user: {per: login, count: recipients, allow: [5/24h], override: [{file: quotas.txt}],"
      " when: direction is submission}\n");
  EXPECT_EQ(w.send(kEva), "");
  EXPECT_THAT(w.send(kEva), HasSubstr("1 of 1/24h"));

  write_file(w.folder, "# more\neva@site.test 3/24h\n");
  EXPECT_TRUE(comes_true(15s, [&] { return w.send(kEva).empty(); }));
  EXPECT_EQ(w.daemon().said("event=list level=error"), 0U) << w.daemon().log();

  write_file(w.folder, "eva@site.test 500/24h\ntom@site.test 5/fortnight\n");
  ASSERT_TRUE(w.daemon().says("event=list level=error name=override", 15s)) << w.daemon().log();
  EXPECT_THAT(w.daemon().log(), HasSubstr("quotas.txt:2: "));
  EXPECT_EQ(w.send(kEva), "");
  EXPECT_THAT(w.send(kEva), HasSubstr("3 of 3/24h"));
  std::this_thread::sleep_for(3s);
  EXPECT_EQ(w.daemon().said("event=list level=error"), 1U) << w.daemon().log();

  write_file(w.folder, ".test off\n");
  EXPECT_TRUE(comes_true(15s, [&] { return w.send(kEva, 20).empty(); }));
}

TEST(Limits, EachCountByTheirOwnCondition) {
  const LimitsWorld w(
      "  first: {per: sender, count: messages, allow: 0/1h, when: 'sender == \"a@x.test\"'}\n"
      "  second: {per: sender, count: messages, allow: 2/1h, when: 'sender == \"b@x.test\"'}\n"
      "  third: {per: sender, count: messages, allow: 2/1h, when: 'sender == \"c@x.test\"'}\n",
      "  - {name: first, when: limit.first is over, reject: true}\n"
      "  - {name: second, when: limit.second is over, reject: true}\n");
  const auto send = [&](const std::string& sender) {
    MilterClient c = w.client();
    c.greet();
    return c.message(sender, "<b@site.test>").substr(0, 3);
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(send("<a@x.test>"), "550");
    EXPECT_EQ(send("<b@x.test>"), "con");
    EXPECT_EQ(send("<c@x.test>"), "con");
  }
  EXPECT_EQ(send("<b@x.test>"), "550");
  EXPECT_EQ(send("<c@x.test>"), "con");
  EXPECT_EQ(w.used("c@x.test", "third"), 3);
  EXPECT_EQ(w.used("c@x.test", "second"), 0);
}

MilterClient::Client from(const std::string& ip) { return {.ip = ip}; }

TEST(Limits, CountAConnectionOnce) {
  const LimitsWorld w("  hello: {per: client.ip, count: connections, allow: 3/1h}\n",
                      "  - {name: hello, when: limit.hello is over, defer: true}\n");
  const auto connect = [&](const std::string& ip) {
    MilterClient c = w.client();
    c.negotiate();
    c.connect(from(ip));
    c.helo();
    return c;
  };
  for (int i = 1; i <= 3; ++i) {
    MilterClient c = connect("192.0.2.7");
    for (int messages = 0; messages < 4; ++messages) EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
    EXPECT_EQ(w.used("192.0.2.7", "hello"), i);
  }
  MilterClient c = connect("192.0.2.7");
  EXPECT_THAT(c.message("<a@x.test>", "<b@site.test>"), StartsWith("451 4.7.1 Not accepted, limit hello: 3 of 3/1h"));
  c.abort();
  EXPECT_THAT(c.message("<a@x.test>", "<b@site.test>"), StartsWith("451 4.7.1"));
  EXPECT_EQ(w.used("192.0.2.7", "hello"), 3);
  MilterClient other = connect("192.0.2.8");
  EXPECT_EQ(other.message("<a@x.test>", "<b@site.test>"), "continue");
}

}  // namespace
}  // namespace postern::test
