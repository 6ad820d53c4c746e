// The life of the process: sockets, signals, reload, drain, the service manager.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/sanitizers.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr const char* kRefuseA = "  - {name: a, when: 'sender == \"a@x.test\"', reject: \"a is out\"}\n";
constexpr const char* kRefuseB = "  - {name: b, when: 'sender == \"b@x.test\"', reject: \"b is out\"}\n";

bool refuses(MilterClient& c, const char* sender) { return c.message(sender, "<r@site.test>").starts_with("550"); }

TEST(Process, StartsWithTheSocketItWasToldToMake) {
  Daemon daemon({.listen_keys = ", mode: \"0640\""});
  struct stat found {};
  ASSERT_EQ(stat(daemon.socket_path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0640U);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended(), 0) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(daemon.socket_path()));
  EXPECT_FALSE(std::filesystem::exists(daemon.folder() / "control.sock"));
}

TEST(Process, StartsAgainAfterSigkillWithoutHelp) {
  const TempFolder folder;
  for (int round = 0; round < in_long_runs(100, 20); ++round) {
    Daemon daemon({}, folder);
    MilterClient c = daemon.client();
    c.greet();
    EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue") << round;
    c.mail("<a@x.test>");
    daemon.signal(SIGKILL);
    EXPECT_EQ(daemon.ended(), 128 + SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(daemon.socket_path()));
  }
}

TEST(Process, LeavesARunningOneItsSocket) {
  const TempFolder folder;
  Daemon first({}, folder);
  Daemon second({.wait_until_ready = false}, folder);
  EXPECT_EQ(second.ended(), 1);
  EXPECT_NE(second.log().find("another postern serves this socket"), std::string::npos) << second.log();
  MilterClient c = first.client();
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
}

// Its socket would be taken from under it.
TEST(Process, CouldNotLeaveItWithoutTheClaim) {
  Daemon first({});
  Daemon second({.listen = "unix:" + first.socket_path(), .arguments = {"--test-without", "socket-claim"}});
  MilterClient c = first.client();
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
  EXPECT_TRUE(second.says("event=decision"));
  EXPECT_EQ(first.said("event=decision"), 0U);
}

TEST(Process, StartsOverNothingButAStaleSocket) {
  const TempFolder folder;
  std::ofstream(folder / "precious") << "precious";
  std::filesystem::create_symlink(folder / "precious", folder / "p.sock");
  Daemon linked({.wait_until_ready = false}, folder);
  EXPECT_EQ(linked.ended(), 1);
  EXPECT_NE(linked.log().find("p.sock: is a symbolic link"), std::string::npos) << linked.log();
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "p.sock"));
  EXPECT_FALSE(std::filesystem::exists(folder / "control.sock"));
}

TEST(Process, StartsNotHalfWithAWrongConfiguration) {
  const TempFolder folder;
  Daemon daemon({.rules = "  - {name: x, when: 'no.such.fact == 1', reject: true}\n", .wait_until_ready = false},
                folder);
  EXPECT_EQ(daemon.ended(), 2);
  EXPECT_NE(daemon.log().find("postern.yaml:"), std::string::npos) << daemon.log();
  EXPECT_FALSE(std::filesystem::exists(folder / "p.sock"));
}

// PLATFORM 2: handed to libmilter as it stands, Postfix's notation would listen on port 127 of every address.
TEST(Process, ListensWherePostfixWouldLookForIt) {
  for (const char* form : {"inet:PORT@127.0.0.1", "inet:127.0.0.1:PORT"}) {
    const std::string port = std::to_string(free_port());
    std::string listen = form;
    listen.replace(listen.find("PORT"), 4, port);
    Daemon daemon({.listen = listen});
    MilterClient c("inet:" + port + "@127.0.0.1");
    c.greet();
    EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue") << form;
    EXPECT_THROW(MilterClient("inet:127@127.0.0.1"), std::runtime_error);
  }
}

TEST(Process, ReloadsAGoodConfigurationAndKeepsItFromABrokenOne) {
  Daemon daemon({.rules = kRefuseA});
  MilterClient before = daemon.client();
  before.greet();
  EXPECT_TRUE(refuses(before, "<a@x.test>"));

  daemon.configure({.rules = kRefuseB});
  daemon.signal(SIGHUP);
  ASSERT_TRUE(daemon.says("event=reload level=info ok=true generation=2")) << daemon.log();
  MilterClient after = daemon.client();
  after.greet();
  for (MilterClient* c : {&before, &after}) {  // an open connection adopts it at its next MAIL
    EXPECT_FALSE(refuses(*c, "<a@x.test>"));
    EXPECT_TRUE(refuses(*c, "<b@x.test>"));
  }

  daemon.write_config("version: 1\nrules: [{name: broken, when: 'sender ==', reject: true}]\n");
  daemon.signal(SIGHUP);
  ASSERT_TRUE(daemon.says("event=reload level=error ok=false generation=2")) << daemon.log();
  EXPECT_TRUE(refuses(after, "<b@x.test>"));
  const auto answer = nlohmann::json::parse(daemon.ask("reload"));
  EXPECT_EQ(answer.at("ok"), false);
  EXPECT_FALSE(answer.at("problems").empty());
  EXPECT_EQ(answer.at("problems").back().at("line"), 2);

  daemon.configure({.rules = kRefuseA, .listen_keys = ", mode: \"0600\""});
  const auto repaired = nlohmann::json::parse(daemon.ask("reload"));
  EXPECT_EQ(repaired.at("ok"), true);
  EXPECT_EQ(repaired.at("generation"), 3);
  EXPECT_EQ(repaired.at("needs_restart").at(0), "listen");
  EXPECT_TRUE(refuses(after, "<a@x.test>"));
  EXPECT_TRUE(daemon.alive());
}

// A message keeps the policy that it began with (FAULTS I11).
TEST(Process, LetsAMessageEndWithThePolicyItBeganWith) {
  Daemon daemon({.rules = kRefuseA});
  MilterClient c = daemon.client();
  c.greet();
  c.mail("<b@x.test>");
  EXPECT_EQ(c.rcpt("<q@site.test>"), "continue");
  daemon.configure({.rules = kRefuseB});
  EXPECT_NE(daemon.ask("reload").find("\"ok\":true"), std::string::npos);
  EXPECT_EQ(c.rcpt("<r@site.test>"), "continue");
  EXPECT_EQ(c.end_of_message().verdict, "continue");
  EXPECT_TRUE(refuses(c, "<b@x.test>"));
}

TEST(Process, TellsHowItIs) {
  Daemon daemon({.rules = kRefuseA});
  MilterClient c = daemon.client();
  c.greet();
  c.message("<a@x.test>", "<r@site.test>");
  c.abort();
  EXPECT_TRUE(daemon.counts("decisions.reject", 1));
  const auto status = nlohmann::json::parse(daemon.ask("status"));
  EXPECT_EQ(status.at("generation"), 1);
  EXPECT_EQ(status.at("sessions"), 1);
  EXPECT_EQ(status.at("pid"), daemon.pid());
  EXPECT_EQ(status.at("served"), true);
  EXPECT_EQ(status.at("last_reload").at("ok"), true);
  EXPECT_TRUE(status.contains("breakers"));
  EXPECT_TRUE(status.at("caches").contains("dns"));
}

TEST(Process, DrainsAtTerm) {
  Daemon daemon({.rules = kRefuseA});
  MilterClient c = daemon.client();
  c.greet();
  c.mail("<b@x.test>");
  EXPECT_EQ(c.rcpt("<r@site.test>"), "continue");
  daemon.signal(SIGTERM);
  ASSERT_TRUE(daemon.says("event=drain"));
  EXPECT_TRUE(daemon.says("sessions=1"));
  ASSERT_TRUE(comes_true(10s, [&] { return !std::filesystem::exists(daemon.socket_path()); }));
  EXPECT_THROW(daemon.client(), std::runtime_error);  // nobody new gets in
  EXPECT_EQ(c.end_of_message().verdict, "continue");  // what is open is served
  EXPECT_EQ(c.mail("<b@x.test>"), "none");
  EXPECT_EQ(c.rcpt("<r@site.test>"), "421 4.3.2 Service is restarting, try again later");
  EXPECT_TRUE(daemon.alive());
  c.quit();
  EXPECT_EQ(daemon.ended(), 0) << daemon.log();
  EXPECT_NE(daemon.log().find("event=stop level=info cut_sessions=0"), std::string::npos) << daemon.log();
}

TEST(Process, StopsAtOnceWhenToldTwice) {
  Daemon daemon({});
  MilterClient c = daemon.client();
  c.greet();
  daemon.signal(SIGTERM);
  ASSERT_TRUE(daemon.says("event=drain"));
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended(), 0) << daemon.log();
  EXPECT_NE(daemon.log().find("cut_sessions=1"), std::string::npos) << daemon.log();
}

TEST(Process, TellsTheServiceManager) {
  const TempFolder folder;
  const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "notify").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto heard = [manager](const std::string& word) {
    char text[2000];
    for (ssize_t count = 0; (count = recv(manager, text, sizeof text, 0)) > 0;) {
      if (std::string(text, static_cast<std::size_t>(count)).find(word) != std::string::npos) return true;
    }
    return false;
  };
  Daemon daemon({.environment = {"NOTIFY_SOCKET=" + (folder / "notify"), "WATCHDOG_USEC=400000"}});
  EXPECT_TRUE(heard("READY=1\nSTATUS=Serving unix:"));
  EXPECT_TRUE(heard("WATCHDOG=1"));
  daemon.signal(SIGHUP);
  EXPECT_TRUE(heard("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(heard("READY=1"));
  daemon.signal(SIGTERM);
  EXPECT_TRUE(heard("STOPPING=1"));
  close(manager);
}

TEST(Process, GivesUpRootWhenToldTo) {
  if (geteuid() != 0) GTEST_SKIP() << "wants to start as root";
  const TempFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  Daemon daemon({.arguments = {"--user", "nobody"}}, folder);
  std::ifstream status("/proc/" + std::to_string(daemon.pid()) + "/status");
  const std::string text(std::istreambuf_iterator<char>(status), {});
  EXPECT_NE(text.find("Uid:\t65534\t65534\t65534\t65534"), std::string::npos) << text;
  EXPECT_NE(text.find("NoNewPrivs:\t1"), std::string::npos);
  MilterClient c = daemon.client();
  c.greet();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
  Daemon stranger({.listen = "unix:FOLDER/q.sock", .arguments = {"--user", "no-such-user"}, .wait_until_ready = false});
  EXPECT_EQ(stranger.ended(), 1);
}

// docs/architecture.md has the closed list.
const std::set<std::string> kThreads = {
    "postern",        "postern-milter", "postern-nudge",   "postern-dns",   "postern-evid",   "postern-store",
    "postern-acct",   "postern-call",   "postern-control", "postern-ahead", "postern-limits", "postern-redis",
    "postern-notify", "postern-n-mail", "postern-n-hook",  "postern-n-cmd", "postern-n-stop"};

std::multiset<std::string> threads_of(const Daemon& daemon) {
  std::multiset<std::string> threads = daemon.threads();
#ifdef POSTERN_SANITIZES_THREAD
  EXPECT_EQ(threads.count("postern"), 2U);
  threads.erase(threads.find("postern"));  // ThreadSanitizer's own
#endif
  for (const std::string& thread : threads) EXPECT_TRUE(kThreads.contains(thread)) << thread;
  return threads;
}

TEST(Process, HasTheThreadsOfTheList) {
  Daemon daemon({});
  MilterClient c = daemon.client();
  c.greet();
  c.message("<a@x.test>", "<b@site.test>");
  const std::multiset<std::string> threads = threads_of(daemon);
  for (const char* single :
       {"postern", "postern-nudge", "postern-control", "postern-limits", "postern-notify", "postern-n-mail"})
    EXPECT_EQ(threads.count(single), 1U) << single;
  EXPECT_EQ(threads.count("postern-evid"), 8U);
  EXPECT_LE(threads.count("postern-milter"), 10U);
  for (const char* unwanted : {"postern-store", "postern-acct", "postern-call", "postern-ahead", "postern-redis",
                               "postern-n-hook", "postern-n-cmd"})
    EXPECT_EQ(threads.count(unwanted), 0U) << unwanted;
}

TEST(Process, HasThreadsForAccountsWhereTheyAreAskedFor) {
  Daemon daemon({.rules = "  - {name: r, when: recipient-account is unknown, log: r}\n",
                 .sections = "accounts: [{name: users, type: system, local-domains: [site.test], connections: 2}]\n"
                             "store: {path: FOLDER/store.db}\n"
                             "checks:\n"
                             "  recipient-account: {ask: [users, \"smtp://[127.0.0.1]:9\"]}\n"
                             "  sender-account: {ask: [callout]}\n"});
  EXPECT_EQ(threads_of(daemon).count("postern-acct"), 0U);  // made at need
  MilterClient c = daemon.client();
  c.greet();
  c.message("<a@x.test>", "<root@site.test>");
  const std::multiset<std::string> threads = threads_of(daemon);
  EXPECT_EQ(threads.count("postern-store"), 1U);
  EXPECT_EQ(threads.count("postern-call"), 8U);
  EXPECT_EQ(threads.count("postern-ahead"), 4U);
  EXPECT_GE(threads.count("postern-acct"), 1U);
  EXPECT_LE(threads.count("postern-acct"), 2U);
}

TEST(Process, HasThreadsForARedisAndForNoticesWhereTheyAreAskedFor) {
  Daemon daemon({.rules = {},
                 .sections = "store: {type: redis, servers: [\"127.0.0.1:9\"]}\n"
                             "notices: {webhook: \"https://127.0.0.1:9/\", command: [/bin/true]}\n"});
  const std::multiset<std::string> threads = threads_of(daemon);
  for (const char* single : {"postern-redis", "postern-limits", "postern-notify", "postern-n-hook", "postern-n-cmd"})
    EXPECT_EQ(threads.count(single), 1U) << single;
  EXPECT_EQ(threads.count("postern-store"), 0U);
}

}  // namespace
}  // namespace postern::test
