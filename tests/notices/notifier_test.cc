#include "policy/notices/notifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "policy/base/text.h"
#include "tests/notices/notice_support.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"
#include "tests/support/free_port.h"
#include "tests/support/scripted_smtp.h"
#include "tests/support/temp_folder.h"

namespace postern::notices {
namespace {

using namespace std::chrono_literals;
using postern::test::Behaviour;
using postern::test::Say;
using postern::test::ScriptedSmtp;
using test::comes_true;

/// A clock, a store, and what was counted and logged.
struct World {
  explicit World(Behaviour behaviour = {}) : smtp("127.0.0.1", 0, std::move(behaviour)) {
    options.mail = {.server = "127.0.0.1", .port = smtp.port(), .from = "postern@mx.example", .hostname = "mx.example"};
    options.patience = 5s;
    options.retry_after = {20ms, 40ms};
  }
  std::unique_ptr<Notifier> notifier() { return std::make_unique<Notifier>(options, store, clock, counters, log); }
  std::int64_t count(std::string_view name) { return counters.get("notices." + std::string(name)).value(); }
  /// How many incidents would not be told again.
  std::int64_t remembered() {
    const auto listed = store.list(store::Space::incident, "", 10'000);
    return std::count_if(listed.begin(), listed.end(), [](const auto& one) { return one.key.front() != '\0'; });
  }
  bool counts(std::string_view name, std::int64_t n) {
    return comes_true([&] { return count(name) >= n; }) && count(name) == n;
  }

  ScriptedSmtp smtp;
  postern::test::FakeClock clock;
  postern::test::FakeStore store{clock};
  Counters counters;
  std::vector<std::string> lines;  ///< read it when no notifier is there
  Log log{LogForm::logfmt, lines};
  NotifyOptions options;
};

Incident about(const std::string& key) {
  Incident incident = test::limit_incident();
  incident.key = key;
  return incident;
}

TEST(Notifier, SendsMailToEachAddress) {
  World w;
  Incident incident = test::limit_incident();
  incident.to = {"postmaster@example.org", "noc@example.net"};
  auto notifier = w.notifier();
  notifier->tell(incident);
  EXPECT_TRUE(w.counts("told", 2));
  notifier.reset();
  const std::vector<std::string> commands = w.smtp.commands();
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "MAIL FROM:<>\r\n"), 2);
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "RCPT TO:<noc@example.net>\r\n"), 1);
  ASSERT_EQ(w.smtp.messages().size(), 2u);
  const std::string message = w.smtp.messages()[0];
  EXPECT_TRUE(message.starts_with("From: Postern <postern@mx.example>\r\nTo: <postmaster@example.org>\r\n")) << message;
  EXPECT_NE(message.find("\r\n\r\nlimit user is over\r\n"), std::string::npos) << message;
  ASSERT_EQ(w.lines.size(), 3u);
  EXPECT_NE(w.lines[0].find("event=incident level=warning rule=outbound/limit-user"), std::string::npos) << w.lines[0];
  EXPECT_NE(
      w.lines[1].find("event=notify level=info way=mail to=postmaster@example.org ok=true rule=outbound/limit-user"),
      std::string::npos)
      << w.lines[1];
}

TEST(Notifier, TellsAnIncidentOnceInAWhile) {
  World w;
  auto notifier = w.notifier();
  for (int i = 0; i < 50; ++i) notifier->tell(test::limit_incident());
  notifier->tell(about("alice@example.org"));
  EXPECT_TRUE(w.counts("told", 2));
  EXPECT_TRUE(w.counts("suppressed", 49));
  w.clock.advance(w.options.every - 1s);
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("suppressed", 50));
  w.clock.advance(1s);
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("told", 3));
}

TEST(Notifier, TellsItAgainAndAgainWithoutThat) {
  World w;
  w.options.every = 0s;
  auto notifier = w.notifier();
  for (int i = 1; i <= 3; ++i) {
    notifier->tell(test::limit_incident());
    EXPECT_TRUE(w.counts("told", i));
  }
}

TEST(Notifier, TellsItOnceForAllWhoShareAStore) {
  World w;
  auto one = w.notifier(), other = w.notifier();
  std::vector<std::thread> threads;
  for (Notifier* notifier : {one.get(), other.get()}) {
    threads.emplace_back([notifier] {
      for (int i = 0; i < 100; ++i) notifier->tell(about(fmt::format("user{}@example.org", i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(w.counts("told", 100));
  EXPECT_TRUE(w.counts("suppressed", 100));
  one.reset();
  other = w.notifier();  // after a restart
  other->tell(about("user7@example.org"));
  EXPECT_TRUE(w.counts("suppressed", 101));
  EXPECT_EQ(w.smtp.messages().size(), 100u);
}

/// A stranger has as many networks as he likes.
TEST(Notifier, TellsSoManyOfARuleInAnHourAndThenThatThereAreMore) {
  World w;
  w.options.most_of_rule = 5;
  w.options.postmaster = "chief@example.org";
  w.options.every = 2h;
  auto one = w.notifier(), other = w.notifier();
  for (int i = 0; i < 10; ++i) {
    one->tell(about(fmt::format("2001:db8:{}::/64", i)));
    EXPECT_TRUE(w.counts("capped", std::max(i - 4, 0)) && w.counts("told", std::min(i + 1, 6)));
  }
  other->tell(about("192.0.2.0/24"));
  EXPECT_TRUE(w.counts("capped", 6));
  Incident of_another = about("192.0.2.0/24");
  of_another.rule = "outbound/other";
  other->tell(of_another);
  EXPECT_TRUE(w.counts("told", 7));
  w.clock.advance(1h);
  other->tell(about("198.51.100.0/24"));
  EXPECT_TRUE(w.counts("told", 8));
  EXPECT_EQ(w.count("capped"), 6);
  const std::string more = w.smtp.messages().at(5);
  EXPECT_NE(more.find("To: <chief@example.org>"), std::string::npos) << more;
  EXPECT_NE(more.find("more than 5 incidents of the rule within an hour"), std::string::npos) << more;
  EXPECT_EQ(more.find("192.0.2.1"), std::string::npos) << more;
}

TEST(Notifier, WhatCouldNotBeToldDoesNotCountForTheRule) {
  World w({.mail = "550 5.7.1 no\r\n"});
  w.options.most_of_rule = 5;
  auto notifier = w.notifier();
  for (int i = 1; i <= 10; ++i) {
    notifier->tell(about(fmt::format("2001:db8:{}::/64", i)));
    EXPECT_TRUE(w.counts("failed", i));
    EXPECT_TRUE(comes_true([&] { return w.remembered() == 0; }));
  }
  EXPECT_EQ(w.count("capped"), 0);
}

TEST(Notifier, AfterAnOutageThereIsRoomAgain) {
  World w({.mail = "451 4.3.0 later\r\n"});
  w.options.most_of_rule = 5;
  w.options.postmaster = "chief@example.org";
  w.options.retry_after = {500ms};
  auto notifier = w.notifier();
  for (int i = 1; i <= 50; ++i) notifier->tell(about(fmt::format("2001:db8:{}::/64", i)));
  EXPECT_TRUE(w.counts("capped", 45));
  EXPECT_TRUE(w.counts("failed", 6));  // "there are more", too
  EXPECT_TRUE(comes_true(
      [&] { return w.store.get(store::Space::incident, std::string("\0outbound/limit-user", 20))->value == "0"; }));
  notifier->tell(about("192.0.2.0/24"));
  EXPECT_TRUE(w.counts("failed", 7));
  EXPECT_EQ(w.count("capped"), 45);
}

TEST(Notifier, TellsThemAllWithoutThatCap) {
  World w;
  w.options.most_of_rule = 1'000'000;
  auto notifier = w.notifier();
  for (int i = 0; i < 120; ++i) notifier->tell(about(fmt::format("2001:db8:{}::/64", i)));
  EXPECT_TRUE(w.counts("told", 120));
}

TEST(Notifier, KeepsLongKeysApart) {
  World w;
  const std::string key(2000, 'k');
  auto notifier = w.notifier();
  notifier->tell(about(key + "1"));
  notifier->tell(about(key + "2"));
  notifier->tell(about(key + "1"));
  EXPECT_TRUE(w.counts("told", 2));
  EXPECT_TRUE(w.counts("suppressed", 1));
}

TEST(Notifier, TriesAgainWhatMayYetDo) {
  World w({.end_of_data = "451 4.3.0 later\r\n"});
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("failed", 1));
  EXPECT_EQ(w.smtp.messages().size(), 3u);
  const auto id_of = [](const std::string& message) {
    const std::size_t at = message.find("Message-ID: ");
    return message.substr(at, message.find("\r\n", at) - at);
  };
  EXPECT_EQ(id_of(w.smtp.messages()[0]), id_of(w.smtp.messages()[2]));
  EXPECT_TRUE(comes_true(
      [&] { return !w.store.get(store::Space::incident, std::string("outbound/limit-user\0bob@example.org", 35)); }));
  notifier.reset();
  ASSERT_EQ(w.lines.size(), 3u);
  EXPECT_NE(w.lines[1].find("tries=1 reason=\"DATA: 451 4.3.0 later; it is tried again\""), std::string::npos)
      << w.lines[1];
  EXPECT_NE(w.lines[2].find("ok=false"), std::string::npos) << w.lines[2];
  EXPECT_NE(w.lines[2].find("tries=3 reason=\"DATA: 451 4.3.0 later\""), std::string::npos) << w.lines[2];
}

TEST(Notifier, WhatWaitsAtTheEndIsTold) {
  World w({.mail = "451 4.3.0 later\r\n"});
  w.options.retry_after = {60s};
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(comes_true([&] { return w.smtp.connections() == 1; }));
  notifier.reset();
  ASSERT_FALSE(w.lines.empty());
  EXPECT_NE(w.lines.back().find("ok=false"), std::string::npos) << w.lines.back();
  EXPECT_NE(w.lines.back().find("not told before the end"), std::string::npos) << w.lines.back();
}

TEST(Notifier, DoesNotTryAgainWhatWillNever) {
  World w({.rcpt = "550 5.1.1 no such user\r\n"});
  auto notifier = w.notifier();
  Incident incident = test::limit_incident();
  incident.to = {"postmaster@example.org", "no address", "a@example.org\r\nRCPT TO:<b@example.org>", ""};
  notifier->tell(incident);
  EXPECT_TRUE(w.counts("failed", 4));
  notifier.reset();
  EXPECT_EQ(w.smtp.connections(), 1);
}

TEST(Notifier, TellsWhatCouldNotBeToldWhenItHappensAgain) {
  World w({.mail = "550 5.7.1 no\r\n"});
  auto notifier = w.notifier();
  for (int i = 1; i <= 3; ++i) {
    notifier->tell(test::limit_incident());
    EXPECT_TRUE(w.counts("failed", i));
    EXPECT_TRUE(comes_true([&] { return w.remembered() == 0; }));
  }
  EXPECT_EQ(w.count("suppressed"), 0);
}

TEST(Notifier, WithNobodyToTellSaysSo) {
  World w;
  Incident incident = test::limit_incident();
  incident.to.clear();
  auto notifier = w.notifier();
  notifier->tell(incident);
  EXPECT_TRUE(w.counts("failed", 1));
  notifier.reset();
  EXPECT_NE(w.lines.at(1).find("nobody is to be told"), std::string::npos) << w.lines[1];
}

TEST(Notifier, IsNotHeldUpByOneWayThatIsBroken) {
  World w;
  const postern::test::TempFolder folder;
  const std::string script = folder / "slow", done = folder / "done";
  std::ofstream(script) << "#!/bin/sh\ncat > " << done << ".$$\nsleep 60\n";
  ::chmod(script.c_str(), 0700);
  const ScriptedSmtp no_http("127.0.0.1", 0, {.greeting = Say("").after(60s)});
  w.options.command = {script};
  w.options.webhook = fmt::format("http://127.0.0.1:{}/", no_http.port());
  w.options.patience = 60s;
  const auto began = std::chrono::steady_clock::now();
  {
    auto notifier = w.notifier();
    for (int i = 0; i < 20; ++i) notifier->tell(about(fmt::format("user{}@example.org", i)));
    EXPECT_TRUE(w.counts("told", 20)) << "by mail";
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s) << "and ends at once";
}

TEST(Notifier, NeverWaitsAndDropsWhatIsTooMuch) {
  World w({.greeting = Say("220 mx\r\n").after(60s)});
  w.options.most_waiting = 10;
  auto notifier = w.notifier();
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) notifier->tell(about(fmt::format("user{}@example.org", i)));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_TRUE(comes_true([&] { return w.count("dropped") >= 1000 - 21; })) << w.count("dropped");
  notifier.reset();
  EXPECT_LE(w.count("dropped"), 1000 - 10);
  EXPECT_GE(std::count_if(w.lines.begin(), w.lines.end(),
                          [](const std::string& line) { return line.find("too many wait") != std::string::npos; }),
            900);
  EXPECT_EQ(w.remembered(), 0) << "what was not told is told another time";
}

TEST(Notifier, EndsWhileAServerIsSilent) {
  World w({.greeting = Say("220 mx\r\n").after(60s)});
  w.options.patience = 60s;
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(comes_true([&] { return w.smtp.connections() > 0; }));
  const auto began = std::chrono::steady_clock::now();
  notifier.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST(Notifier, GivesASilentServerUp) {
  World w({.ehlo = Say("250 mx\r\n").after(60s)});
  w.options.patience = 100ms;
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("failed", 1));
  notifier.reset();
  EXPECT_EQ(w.smtp.connections(), 3);
}

TEST(Notifier, LivesWithAServerThatIsNotThere) {
  World w;
  w.options.mail.port = postern::test::free_port();
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("failed", 1));
}

TEST(Notifier, TellsNoSecret) {
  World w;
  const postern::test::TempFolder folder;
  const std::string file = folder / "token";
  std::ofstream(file) << "hunter2";
  ::chmod(file.c_str(), 0600);
  w.options.webhook = fmt::format("http://127.0.0.1:{}/?key=hunter3", postern::test::free_port());
  w.options.webhook_token_file = file;
  auto notifier = w.notifier();
  notifier->tell(test::limit_incident());
  EXPECT_TRUE(w.counts("failed", 1));
  EXPECT_TRUE(w.counts("told", 1));
  notifier.reset();
  for (const std::string& line : w.lines) {
    EXPECT_EQ(line.find("hunter"), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

TEST(Notifier, OfHostileTextsSendsOneMessageAndOneLine) {
  World w;
  auto notifier = w.notifier();
  int n = 0;
  for (const std::string& text : test::kHostile) {
    Incident incident = test::limit_incident();
    incident.rule = incident.key = incident.id = incident.what = text;
    incident.facts = {{text, text}, {"login", text}};
    notifier->tell(incident);
    ASSERT_TRUE(w.counts("told", ++n)) << printable(text);
  }
  notifier.reset();
  EXPECT_EQ(w.smtp.messages().size(), std::size(test::kHostile));
  const std::vector<std::string> commands = w.smtp.commands();
  EXPECT_EQ(std::count_if(commands.begin(), commands.end(), [](const auto& c) { return c.starts_with("RCPT"); }), n);
  for (const std::string& line : w.lines) EXPECT_EQ(line.find_first_of("\n\r"), std::string::npos);
}

}  // namespace
}  // namespace postern::notices
