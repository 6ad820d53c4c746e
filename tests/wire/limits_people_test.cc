// What people see of limits: who asks the daemon about counts, who is put on hold, and who is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scripted_smtp.h"
#include "tests/wire/limits_world.h"

namespace postern::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = LimitsWorld::Json;

constexpr const char* kEva = "eva@site.test";
constexpr const char* kTom = "tom@site.test";
constexpr const char* kLimits =
    "  user: {per: login, count: recipients, allow: [5/24h], when: direction is submission}\n"
    "  mail: {per: login, count: messages, allow: [100/1h], when: direction is submission}\n";
constexpr const char* kRule = "  - {name: user-limit, when: limit.user is over, defer: true}\n";
constexpr const char* kFrozen = "  - {name: frozen, when: behaviour is frozen, reject: true}\n";

TEST(LimitsCommand, ShowsWhatIsCounted) {
  const LimitsWorld w(kLimits, kRule);
  EXPECT_EQ(w.send(kEva, 4), "");
  EXPECT_THAT(w.send(kEva, 2), StartsWith("452"));
  const Ran text = w.postern({"limits", "show", kEva});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("user: eva@site.test, recipients\n"));
  EXPECT_THAT(text.out, HasSubstr("4 of 5/24h            1 left\n"));
  EXPECT_THAT(text.out, HasSubstr("1 tries refused\n"));
  EXPECT_THAT(text.out, HasSubstr("mail: eva@site.test, messages\n"));
  const Json account = w.shown(kEva, "user");
  EXPECT_EQ(account, Json({{"limit", "user"},
                           {"key", kEva},
                           {"count", "recipients"},
                           {"windows", {{{"allow", "5/24h"}, {"used", 4}, {"remaining", 1}}}},
                           {"reserved", 0},
                           {"refused", 1}}));
}

TEST(LimitsCommand, ShowsWhatMessagesUnderWayHold) {
  const LimitsWorld w(kLimits, kRule);
  MilterClient c = w.begin(kEva);
  EXPECT_EQ(c.rcpt("<a@far.test>"), "continue");
  EXPECT_THAT(w.postern({"limits", "show", kEva}).out, HasSubstr("1 of them of messages under way\n"));
}

TEST(LimitsCommand, SaysThatNothingIsCountedUnderAKey) {
  const LimitsWorld w(kLimits, kRule);
  const Ran text = w.postern({"limits", "show", "nobody@site.test"});
  EXPECT_EQ(text.status, 0);
  EXPECT_EQ(text.out, "nothing is counted there\n");
  EXPECT_EQ(w.postern_json({"limits", "show", "nobody@site.test"}), Json({{"ok", true}, {"accounts", Json::array()}}));
  EXPECT_EQ(w.postern({"limits", "reset", "nobody@site.test"}).out, "0 counts are forgotten\n");
  EXPECT_EQ(w.postern_json({"limits", "predict", "nobody@site.test"}).at("predictions"), Json::array());
}

TEST(LimitsCommand, ShowsWhoHasUsedMost) {
  const LimitsWorld w(kLimits, kRule);
  w.send(kTom);
  w.send(kEva, 4);
  const Json top = w.postern_json({"limits", "top", "user"}).at("accounts");
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].at("key"), kEva);
  EXPECT_EQ(top[1].at("key"), kTom);
  EXPECT_EQ(w.postern_json({"limits", "top"}).at("accounts").size(), 4U);
  EXPECT_EQ(w.postern_json({"limits", "top", "--most", "1"}).at("accounts").size(), 1U);
  EXPECT_THAT(w.postern({"limits", "top", "none"}).err, HasSubstr("there is no limit \"none\""));
}

TEST(LimitsCommand, PredictsAndCountsNothing) {
  const LimitsWorld w(kLimits, kRule);
  w.send(kEva, 3);
  const auto predicted = [&](const char* amount) {
    const Json answer = w.postern_json({"limits", "predict", kEva, amount});
    for (const Json& p : answer.at("predictions")) {
      if (p.at("limit") == "user") return p;
    }
    return Json();
  };
  EXPECT_EQ(predicted("1").at("outcome"), "near");
  EXPECT_EQ(predicted("1").at("next"), "now");
  EXPECT_EQ(predicted("3").at("outcome"), "over");
  EXPECT_EQ(predicted("6").at("next"), "never");
  EXPECT_EQ(predicted("6").at("used"), 3);
  EXPECT_THAT(w.postern({"limits", "predict", kEva, "3"}).out,
              HasSubstr("user: 3 more would be over (3 of 5/24h used), next "));
  EXPECT_EQ(w.used(kEva), 3);
  EXPECT_EQ(w.shown(kEva, "user").at("refused"), 0);
}

TEST(LimitsCommand, ForgetsOneLimitOrAll) {
  const LimitsWorld w(kLimits, kRule);
  w.send(kEva, 5);
  w.send(kTom, 5);
  EXPECT_EQ(w.postern({"limits", "reset", kEva, "--limit", "user"}).out, "1 counts are forgotten\n");
  EXPECT_EQ(w.used(kEva), 0);
  EXPECT_EQ(w.used(kEva, "mail"), 1);
  EXPECT_EQ(w.send(kEva, 5), "");
  EXPECT_EQ(w.postern_json({"limits", "reset", kEva}), Json({{"ok", true}, {"forgotten", 2}}));
  EXPECT_EQ(w.used(kEva, "mail"), 0);
  EXPECT_EQ(w.used(kTom), 5);
}

TEST(LimitsCommand, WhatIsForgottenStaysSoOverARestart) {
  LimitsWorld w(kLimits, kRule);
  w.send(kEva, 5);
  w.restart();
  EXPECT_EQ(w.postern_json({"limits", "reset", kEva}).at("forgotten"), 2);
  w.restart();
  EXPECT_EQ(w.used(kEva), 0);
}

TEST(LimitsCommand, TellsWhatIsWrong) {
  const LimitsWorld w(kLimits, kRule);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"limits", "show", "x"},
                                                                                     {"limits", "top"},
                                                                                     {"limits", "predict", "x"},
                                                                                     {"limits", "reset", "x"},
                                                                                     {"account", "show"},
                                                                                     {"account", "freeze", "x"},
                                                                                     {"account", "release", "x"}}) {
    std::vector<std::string> asked = words;
    asked.insert(asked.end(), {"--socket", w.folder / "nobody.sock"});
    const Ran ran = run(asked);
    EXPECT_NE(ran.status, 0) << words[1];
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("nobody.sock")) << words[1];
  }
  EXPECT_NE(w.postern({"limits"}).status, 0);
  EXPECT_NE(w.postern({"limits", "show"}).status, 0);
  EXPECT_NE(w.postern({"limits", "reset"}).status, 0);
  EXPECT_NE(w.postern({"limits", "top", "--most", "0"}).status, 0);
  EXPECT_NE(w.postern({"limits", "predict", kEva, "-1"}).status, 0);
  EXPECT_THAT(w.postern({"account", "freeze", kEva, "--for", "soon"}).err,
              HasSubstr("\"soon\" is no length of time; write 12h or 7d"));
}

TEST(AccountCommand, FreezesShowsAndReleases) {
  LimitsWorld w(kLimits, std::string(kFrozen) + kRule);
  EXPECT_EQ(w.postern({"account", "show"}).out, "nobody is frozen\n");
  const Ran frozen = w.postern({"account", "freeze", "Eva@site.test", "--for", "2h", "--why", "password stolen"});
  EXPECT_EQ(frozen.status, 0) << frozen.err;
  EXPECT_THAT(frozen.out, StartsWith("Eva@site.test may not send until "));
  EXPECT_EQ(w.send(kEva), "550 5.7.1 This account is on hold and may not send, ask your postmaster");
  EXPECT_EQ(w.send(kTom), "");
  EXPECT_THAT(w.postern({"account", "show", kEva}).out, HasSubstr(": password stolen\n"));
  EXPECT_EQ(w.postern({"account", "show", kTom}).out, "not frozen\n");
  const Json shown = w.postern_json({"account", "show"}).at("frozen");
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].at("until").get<long>() - shown[0].at("since").get<long>(), 7200);
  EXPECT_TRUE(w.daemon().says("event=freeze level=warning login=Eva@site.test seconds=7200 why=\"password stolen\""))
      << w.daemon().log();
  w.restart();
  EXPECT_THAT(w.send(kEva), StartsWith("550 5.7.1"));
  EXPECT_EQ(w.postern({"account", "release", kEva}).out, "eva@site.test may send again\n");
  EXPECT_EQ(w.send(kEva), "");
  EXPECT_EQ(w.postern({"account", "release", kEva}).out, "eva@site.test was not frozen\n");
  EXPECT_EQ(w.postern_json({"account", "release", kEva}).at("was_frozen"), false);
}

TEST(AccountCommand, WithoutARuleStopsNobody) {
  const LimitsWorld w(kLimits, kRule);
  EXPECT_EQ(w.postern({"account", "freeze", kEva}).status, 0);
  EXPECT_EQ(w.send(kEva), "");
}

TEST(AccountCommand, AFreezeEndsByItself) {
  const LimitsWorld w(kLimits, kFrozen);
  EXPECT_EQ(w.postern({"account", "freeze", kEva, "--for", "2s"}).status, 0);
  EXPECT_THAT(w.send(kEva), StartsWith("550"));
  EXPECT_TRUE(comes_true(10s, [&] { return w.send(kEva).empty(); }));
}

TEST(FreezingRule, KeepsAnAccountOutUntilItIsReleased) {
  LimitsWorld w(kLimits,
                std::string(kFrozen) + "  - {name: user-limit, when: limit.user is over, defer: true, freeze: 12h}\n");
  EXPECT_EQ(w.send(kEva, 5), "");
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));
  EXPECT_TRUE(w.daemon().says("event=freeze level=warning login=eva@site.test seconds=43200 rule=user-limit"));
  EXPECT_THAT(w.send(kEva), StartsWith("550 5.7.1"));
  EXPECT_EQ(w.postern({"limits", "reset", kEva}).status, 0);
  EXPECT_THAT(w.send(kEva), StartsWith("550 5.7.1"));
  EXPECT_EQ(w.postern_json({"account", "show", kEva}).at("frozen").at(0).at("why"), "rule user-limit");
  EXPECT_EQ(w.postern({"account", "release", kEva}).status, 0);
  EXPECT_EQ(w.send(kEva), "");
}

TEST(FreezingRule, ThatIsWatchedFreezesNobody) {
  LimitsWorld w(kLimits,
                std::string(kFrozen) +
                    "  - {name: user-limit, when: limit.user is over, monitor: true, defer: true, freeze: 12h}\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.send(kEva, 5), "");
  EXPECT_EQ(w.daemon().said("event=freeze"), 0U);
}

std::string notices_at(const ScriptedSmtp& server) {
  return "notices: {postmaster: head@site.test, server: \"127.0.0.1@" + std::to_string(server.port()) + "\"}\n";
}

TEST(NotifyingRule, WritesToThePostmasterOnceAnHour) {
  const ScriptedSmtp server("127.0.0.1", 0, {});
  LimitsWorld w(kLimits, "  - {name: user-limit, when: limit.user is over, defer: true, notify: postmaster}\n",
                notices_at(server));
  EXPECT_EQ(w.send(kEva, 5), "");
  EXPECT_EQ(server.connections(), 0);
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));
  EXPECT_TRUE(comes_true(10s, [&] { return server.messages().size() == 1; }));
  EXPECT_THAT(server.messages().at(0), HasSubstr("eva@site.test"));
  EXPECT_THAT(server.messages().at(0), HasSubstr("user-limit"));
  EXPECT_THAT(server.messages().at(0), HasSubstr("5 of 5/24h"));
  EXPECT_THAT(server.commands(), ::testing::Contains(StartsWith("RCPT TO:<head@site.test>")));
  EXPECT_THAT(server.commands(), ::testing::Contains(StartsWith("MAIL FROM:<>")));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));
  EXPECT_TRUE(w.daemon().counts("notices.suppressed", 3));
  EXPECT_THAT(w.send(kTom, 6), StartsWith("452"));  // another one, of whom it is told, too
  EXPECT_TRUE(comes_true(10s, [&] { return server.messages().size() == 2; }));
  w.restart();
  EXPECT_THAT(w.send(kEva), StartsWith("451 4.7.1"));
  EXPECT_TRUE(w.daemon().counts("notices.suppressed", 1));
  EXPECT_EQ(server.messages().size(), 2U);
}

TEST(NotifyingRule, ThatIsWatchedTellsNobody) {
  const ScriptedSmtp server("127.0.0.1", 0, {});
  const LimitsWorld w(
      kLimits, "  - {name: user-limit, when: limit.user is over, monitor: true, defer: true, notify: postmaster}\n",
      notices_at(server));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(w.send(kEva, 5), "");
  EXPECT_EQ(server.connections(), 0);
}

TEST(NotifyingRule, CostsNobodyAnythingWhileTheServerIsAway) {
  LimitsWorld w(kLimits, "  - {name: user-limit, when: limit.user is over, defer: true, notify: postmaster}\n",
                "notices: {server: \"127.0.0.1@" + std::to_string(free_port()) + "\"}\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(w.send(kEva, 6), StartsWith("452"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

}  // namespace
}  // namespace postern::test
