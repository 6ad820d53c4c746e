// Accounts, as an MTA and its users meet them: who may send as whom, which recipients there are, and what a change of
// the directory or of the configuration does to it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/lookup_servers.h"
#include "tests/support/scripted_smtp.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr const char* kAccounts = R"(accounts:
  eva:
    addresses: [eva@site.test, sales@site.test]
    facts: {tier: gold}
  tom: {addresses: [tom@site.test]}
  ida@site.test: {facts: {tier: silver}}
  old: {addresses: [old@site.test], state: suspended}
aliases:
  info@site.test: [eva@site.test, tom@site.test]
shared:
  support@site.test: {owners: [eva], delegates: [tom]}
)";

constexpr const char* kDirectory = "accounts:\n  - {name: people, type: file, path: accounts.yaml}\n";
constexpr const char* kPresets = "  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n";
constexpr const char* kZone = "x.test. MX 10 mx.x.test.\nmx.x.test. A 8.8.8.8\n";

// A daemon whose directory is a file.
class World {
 public:
  explicit World(Daemon::Setup setup = {}) : daemon(with_defaults(std::move(setup), folder), folder) {}
  void write_accounts(const std::string& text) const { write_accounts(folder, text); }
  static void write_accounts(const TempFolder& folder, const std::string& text) {
    std::ofstream(folder / "new.yaml") << text;
    std::filesystem::rename(folder / "new.yaml", folder / "accounts.yaml");
  }
  static Daemon::Setup with_defaults(Daemon::Setup setup, const TempFolder& folder) {
    write_accounts(folder, kAccounts);
    if (setup.rules == Daemon::Setup{}.rules) setup.rules = kPresets;
    if (setup.sections.empty()) setup.sections = kDirectory;
    setup.zone = kZone;
    return setup;
  }

  // The first answer of a message that is no consent, without the id of the decision; "" when it passes.
  std::string told(const std::string& login, const std::string& sender, const std::string& recipient,
                   const std::string& from = {}, const std::string& mechanism = "PLAIN") const {
    MilterClient c = daemon.client();
    c.greet();
    std::string answer;
    const auto step = [&answer](const std::string& told) {
      if (answer.empty() && told != "continue" && told != "none") answer = told.substr(0, told.rfind(" ("));
    };
    const MilterClient::Macros logged_in{{"{auth_authen}", login}, {"{auth_type}", mechanism}};
    step(c.mail("<" + sender + ">", login.empty() ? MilterClient::Macros{} : logged_in));
    step(c.rcpt("<" + recipient + ">"));
    if (!answer.empty()) return answer;
    step(c.data());
    step(c.header("From", from.empty() ? sender : from));
    step(c.end_of_headers());
    step(c.end_of_message().verdict);
    return answer;
  }
  std::string inbound(const std::string& recipient) const { return told("", "a@x.test", recipient); }

  const TempFolder folder;
  Daemon daemon;
};

TEST(Accounts, SayWhoMaySendAsWhom) {
  const World w;
  EXPECT_EQ(w.told("eva", "eva@site.test", "a@x.test"), "");
  EXPECT_EQ(w.told("eva", "Sales@site.test", "a@x.test"), "");
  EXPECT_EQ(w.told("eva", "info@site.test", "a@x.test"), "");  // an alias that leads to her
  EXPECT_EQ(w.told("ida@site.test", "ida@site.test", "a@x.test"), "");
  EXPECT_EQ(w.told("eva", "tom@site.test", "a@x.test"), "550 5.7.1 eva may not send as tom@site.test");
  EXPECT_EQ(w.told("eva", "eva@site.test", "a@x.test", "tom@site.test"),
            "550 5.7.1 eva may not write as tom@site.test");
  EXPECT_EQ(w.told("tom", "tom@site.test", "a@x.test", "support@site.test"),  // for whom he acts, and does not say so
            "550 5.7.1 Who acts for another names himself in a Sender field");
  EXPECT_EQ(w.told("eva", "support@site.test", "a@x.test"), "");
  EXPECT_EQ(w.told("old", "old@site.test", "a@x.test"), "550 5.7.13 This account is suspended");
  EXPECT_EQ(w.told("nobody", "eva@site.test", "a@x.test"), "550 5.7.1 nobody may not send as eva@site.test");
}

TEST(Accounts, SayWhichRecipientsThereAre) {
  const World w;
  EXPECT_EQ(w.inbound("eva@site.test"), "");
  EXPECT_EQ(w.inbound("EVA+news@site.test"), "");
  EXPECT_EQ(w.inbound("info@site.test"), "");
  EXPECT_EQ(w.inbound("nobody@site.test"), "550 5.1.1 No such mailbox here");
  EXPECT_EQ(w.inbound("old@site.test"), "550 5.2.1 This mailbox is switched off");
  EXPECT_EQ(w.inbound("postmaster@site.test"), "");
  EXPECT_EQ(w.told("eva", "eva@site.test", "nobody@site.test"), "550 5.1.1 There is no mailbox nobody@site.test here");
}

TEST(Accounts, TellTheirFactsToRulesAndTexts) {
  const World w({.rules = R"(
  - name: gold
    when: 'authenticated and account.tier == "gold" and recipient == "test@x.test"'
    reject: "Rule for {account.tier} of {login}"
  - name: silver
    when: 'recipient.account.tier == "silver"'
    reject: "Mail for {recipient.account.tier} goes elsewhere"
)"});
  EXPECT_EQ(w.told("eva", "eva@site.test", "test@x.test"), "550 5.7.1 Rule for gold of eva");
  EXPECT_EQ(w.told("ida@site.test", "ida@site.test", "test@x.test"), "");
  EXPECT_EQ(w.inbound("ida@site.test"), "550 5.7.1 Mail for silver goes elsewhere");
  EXPECT_EQ(w.inbound("eva@site.test"), "");
}

// FIELD 3.12: the name in a client certificate is whatever its issuer wrote there.
TEST(Accounts, AnExternalLoginIsNoneUnlessTheSiteSaysSo) {
  const World w;
  EXPECT_EQ(w.told("eva", "eva@site.test", "eva@site.test", {}, "EXTERNAL"), "");  // inbound/own-domain is monitored
  EXPECT_TRUE(w.daemon.says("direction=inbound"));
  EXPECT_EQ(w.daemon.said("direction=submission"), 0U);
  const World trusting({.site_keys = ", certificate-logins: yes"});
  EXPECT_EQ(trusting.told("eva", "eva@site.test", "eva@site.test", {}, "EXTERNAL"), "");
  EXPECT_TRUE(trusting.daemon.says("direction=submission"));
  EXPECT_EQ(trusting.told("eva", "tom@site.test", "eva@site.test", {}, "EXTERNAL"),
            "550 5.7.1 eva may not send as tom@site.test");
}

TEST(Accounts, ABrokenFileKeepsTheOldContentAndIsTold) {
  const World w;
  EXPECT_EQ(w.inbound("eva@site.test"), "");
  w.write_accounts("accounts:\n  eva: [broken\n");
  ASSERT_TRUE(w.daemon.says("event=directory level=error name=people")) << w.daemon.log();
  EXPECT_NE(w.daemon.log().find("accounts.yaml:"), std::string::npos) << w.daemon.log();
  EXPECT_EQ(w.inbound("eva@site.test"), "");
  EXPECT_EQ(w.inbound("nobody@site.test"), "550 5.1.1 No such mailbox here");
  w.write_accounts("accounts:\n  new: {addresses: [new@site.test]}\n");
  EXPECT_TRUE(comes_true(10s, [&] { return w.inbound("new@site.test").empty(); }));
  EXPECT_EQ(w.inbound("eva@site.test"), "550 5.1.1 No such mailbox here");
  EXPECT_EQ(w.daemon.said("event=directory"), 1U) << w.daemon.log();
}

constexpr const char* kSqlite =
    "accounts:\n  - {name: people, type: sql, dsn: 'sqlite:FOLDER/PEOPLE.db',"
    " address: 'select login as owner from account where address = :address'}\n";

std::string sqlite_directory(const std::string& file, const std::string& further = {}) {
  std::string text = kSqlite;
  text.replace(text.find("PEOPLE"), 6, file);
  return text + further;
}

TEST(Accounts, OutliveAReloadThatDoesNotTouchThem) {
  if (program("sqlite3").empty()) GTEST_SKIP() << "sqlite3 is missing";
  const TempFolder folder;
  for (const char* who : {"eva", "tom"}) {
    const std::string name = who;
    sqlite(folder / (name + ".db"),
           "create table account (login text, address text);"
           "insert into account values ('" +
               name + "', '" + name + "@site.test');");
  }
  Daemon::Setup setup{.rules = kPresets, .sections = sqlite_directory("eva"), .zone = kZone};
  Daemon daemon(setup, folder);
  const auto asks = [&](MilterClient& c, const char* recipient) {
    c.mail("<a@x.test>");
    return c.rcpt(recipient).substr(0, 9);
  };
  MilterClient c = daemon.client();
  c.greet();
  EXPECT_EQ(asks(c, "<eva@site.test>"), "continue");
  EXPECT_EQ(asks(c, "<tom@site.test>"), "550 5.1.1");
  const long queries = daemon.counter("accounts.queries");
  EXPECT_GT(queries, 0);

  setup.sections = sqlite_directory("eva", "answer_at: sender\n");
  daemon.configure(setup);
  ASSERT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
  EXPECT_EQ(asks(c, "<eva@site.test>"), "continue");
  EXPECT_EQ(daemon.counter("accounts.queries"), queries);  // its memory is the same

  MilterClient in_flight = daemon.client();
  in_flight.greet();
  in_flight.mail("<a@x.test>");
  setup.sections = sqlite_directory("tom");
  daemon.configure(setup);
  ASSERT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
  EXPECT_EQ(in_flight.rcpt("<eva@site.test>"), "continue");
  EXPECT_EQ(in_flight.rcpt("<tom@site.test>").substr(0, 9), "550 5.1.1");
  EXPECT_EQ(asks(c, "<tom@site.test>"), "continue");
  EXPECT_EQ(asks(c, "<eva@site.test>"), "550 5.1.1");
  EXPECT_GT(daemon.counter("accounts.queries"), queries);
}

// Each question to a server that stands still lasts its whole time, and nobody but its asker waits for it.
TEST(Accounts, ADirectoryThatStandsStillHoldsUpNoReload) {
  if (const std::string missing = TableServer::missing(); !missing.empty()) GTEST_SKIP() << missing << " is missing";
  TableServer server(TableServer::Protocol::tcp);
  server.freeze();
  Daemon::Setup setup{.rules = kPresets,
                      .sections = "accounts:\n  - {name: people, type: tables, mailboxes: [\"" + server.table() +
                                  "\"], timeout: 12s}\n",
                      .zone = kZone};
  Daemon daemon(setup);
  const auto begin = std::chrono::steady_clock::now();
  {
    MilterClient c(daemon.socket_path(), 15s);
    c.greet();
    c.mail("<a@x.test>");
    EXPECT_EQ(c.rcpt("<u1@site.test>"), "continue");  // after 5 s; it is decided at the end, which may take longer
    EXPECT_EQ(c.end_of_message().verdict.substr(0, 9), "451 4.4.3");
  }
  setup.sections = "";
  daemon.configure(setup);
  EXPECT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
  while (std::chrono::steady_clock::now() - begin < 11s) {
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
    ASSERT_LT(std::chrono::steady_clock::now() - asked, 1s);
    std::this_thread::sleep_for(200ms);
  }
}

// What one directory cannot tell now another one may.
TEST(Accounts, ADirectoryThatIsDownCostsThoseOfOthersNothing) {
  const std::string down =
      "  - {name: down, type: tables, mailboxes: [\"tcp:127.0.0.1:" + std::to_string(free_port()) + "\"]";
  const World w({.sections = kDirectory + down + "}\n"});
  EXPECT_EQ(w.inbound("eva@site.test"), "");
  EXPECT_EQ(w.told("eva", "eva@site.test", "a@x.test"), "");
  EXPECT_EQ(w.inbound("nobody@site.test"), "451 4.4.3 Mailboxes can not be looked up now, try again later");
  const World elsewhere({.sections = kDirectory + down + ", domains: [elsewhere.test]}\n"});
  EXPECT_EQ(elsewhere.inbound("nobody@site.test"), "550 5.1.1 No such mailbox here");
}

// FIELD 3.7: whoever tries another one's addresses is seen.
TEST(Accounts, ManyRefusedRecipientsAreToldOnce) {
  const World w;
  MilterClient c = w.daemon.client();
  c.greet();
  c.mail("<a@x.test>");
  for (int i = 0; i < 15; ++i)
    EXPECT_EQ(c.rcpt("<n" + std::to_string(i) + "@elsewhere.test>", {{"{rcpt_mailer}", "error"}}), "continue");
  EXPECT_EQ(w.daemon.counter("recipients.missed"), 15);
  EXPECT_EQ(w.daemon.said("event=harvest"), 0U);
  for (int i = 0; i < 15; ++i)
    EXPECT_EQ(c.rcpt("<n" + std::to_string(i) + "@site.test>", {{"{rcpt_mailer}", "local"}}).substr(0, 3), "550");
  EXPECT_TRUE(w.daemon.counts("recipients.missed", 30));
  EXPECT_TRUE(w.daemon.says("event=harvest level=warning client_net=192.0.2.0/24 misses=20")) << w.daemon.log();
  EXPECT_EQ(w.daemon.said("event=harvest"), 1U);
  EXPECT_EQ(w.daemon.counter("recipients.harvests"), 1);
}

// What is only watched connects to nobody.
TEST(Accounts, MonitorModeAsksNoStranger) {
  SmtpFarm farm;
  const auto& server = farm.add("127.1.0.1", {});
  const std::string port = std::to_string(farm.port());
  const TempFolder folder;
  Daemon::Setup setup{.rules =
                          "  - {name: sender, when: sender-account is unknown, reject: true}\n"
                          "  - {name: recipient, when: recipient-account is unknown, reject: true}\n",
                      .sections =
                          "mode: monitor\nchecks:\n"
                          "  sender-account: {ask: callout, test-allow: [\"127.0.0.0/8:" +
                          port +
                          "\"]}\n"
                          "  recipient-account: {ask: \"smtp://[127.1.0.1]:" +
                          port + "\"}\n",
                      .zone = "a.test. MX 10 mx.a.test.\nmx.a.test. A 127.1.0.1\n"};
  Daemon daemon(setup, folder);
  const auto sends = [&] {
    MilterClient c = daemon.client();
    c.greet();
    return c.message("<a@a.test>", "<b@site.test>");
  };
  EXPECT_EQ(sends(), "continue");
  EXPECT_EQ(server.connections(), 0);
  setup.sections.replace(setup.sections.find("monitor"), 7, "enforce");
  daemon.configure(setup);
  ASSERT_EQ(nlohmann::json::parse(daemon.ask("reload")).at("ok"), true);
  EXPECT_EQ(sends(), "continue");
  EXPECT_GE(server.connections(), 2);
}

}  // namespace
}  // namespace postern::test
