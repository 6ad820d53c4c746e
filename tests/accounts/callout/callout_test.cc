#include "policy/accounts/callout/callout.h"

#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

using test::Behaviour;

const Behaviour kMissing{.rcpt = "550 5.1.1 no such user\r\n"};

// --- What is asked ---

TEST(Callout, AsksForTheMailboxThenForAnInventedOneAndLeaves) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  const Verdict verdict = w.ask("User@a.example");
  EXPECT_EQ(verdict.kind, Kind::exists);
  EXPECT_FALSE(verdict.cached);
  const auto commands = server.commands();
  ASSERT_EQ(commands.size(), 6U);
  EXPECT_EQ(commands[0], "EHLO mx.home.example\r\n");
  EXPECT_EQ(commands[1], "MAIL FROM:<>\r\n");
  EXPECT_EQ(commands[2], "RCPT TO:<User@a.example>\r\n");
  EXPECT_EQ(commands[3].size(), std::string("RCPT TO:<@a.example>\r\n").size() + 26);
  EXPECT_EQ(commands[4], "RSET\r\n");
  EXPECT_EQ(commands[5], "QUIT\r\n");
}

TEST(Callout, InventsOneMailboxADomainAndDay) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  w.ask("one@a.example");
  w.ask("two@a.example");
  EXPECT_EQ(server.commands().size(), 11U);  // the second without it
}

TEST(Callout, SpeaksTlsWhereItIsOffered) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {.ehlo = "250-mx\r\n250 STARTTLS\r\n"});
  EXPECT_EQ(w.words("user@a.example"), "exists reply");
  EXPECT_EQ(server.tls_sessions(), 1);
  EXPECT_EQ(server.commands()[2], "EHLO mx.home.example\r\n");  // RFC 3207 4.2
}

TEST(Callout, GoesWithoutTlsWhereItDidNotWork) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {.ehlo = "250-mx\r\n250 STARTTLS\r\n", .starttls = "220 go\r\n", .shakes_hands = false});
  EXPECT_EQ(w.words("user@a.example"), "unknown unreachable");
  w.clock.advance(16min);
  EXPECT_EQ(w.words("user@a.example"), "exists reply");
}

TEST(Callout, AddressesThatNeedSmtputf8AreAskedWhereItIsOffered) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {});
  EXPECT_EQ(w.words("m\xC3\xBCller@a.example"), "unknown unclear");
  World v(kOneDomain);
  const auto& server = v.farm.add("127.1.0.1", {.ehlo = "250-mx\r\n250 SMTPUTF8\r\n"});
  EXPECT_EQ(v.words("m\xC3\xBCller@a.example"), "exists reply");
  EXPECT_EQ(server.commands()[1], "MAIL FROM:<> SMTPUTF8\r\n");
}

TEST(Callout, TriesTheNextHostWhereOneCannotBeReached) {
  World w(
      "a.example. MX 10 one.a.example.\na.example. MX 20 two.a.example.\n"
      "one.a.example. A 127.1.0.1\ntwo.a.example. A 127.1.0.2\n");
  w.farm.add("127.1.0.2", {});
  EXPECT_EQ(w.words("user@a.example"), "exists reply");
  World v(
      "a.example. MX 10 one.a.example.\na.example. MX 20 two.a.example.\n"
      "one.a.example. A 127.1.0.1\ntwo.a.example. A 127.1.0.2\n");
  v.farm.add("127.1.0.1", {.greeting = "421 4.3.2 busy\r\n"});
  v.farm.add("127.1.0.2", kMissing);
  EXPECT_EQ(v.words("user@a.example"), "missing reply");
}

TEST(Callout, AsksNobodyOnPurpose) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  w.options.opt_out = {*Domain::parse("quiet.example")};
  EXPECT_EQ(w.words("user@[192.0.2.1]"), "not-asked no-domain");
  EXPECT_EQ(w.words("postmaster"), "not-asked no-domain");
  EXPECT_EQ(w.words("prvs=0123456789=user@a.example"), "not-asked shape");
  EXPECT_EQ(w.words("user@below.quiet.example"), "not-asked opted-out");
  EXPECT_EQ(w.words("user@a.example", {.client = {}, .skip = "DKIM pass of a.example"}), "not-asked skipped");
  EXPECT_EQ(server.connections(), 0);
}

TEST(Callout, NeverCallsTheClientBack) {  // FAULTS T49
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  EXPECT_EQ(w.words("user@a.example", {.client = IpAddress::parse("127.1.0.1"), .skip = {}}), "unknown client");
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(w.words("user@a.example", {.client = IpAddress::parse("127.1.0.2"), .skip = {}}), "exists reply");
}

TEST(Callout, ADomainWithoutMailHostsIsItsOwnAnswer) {
  World w(
      "null.example. MX 0 .\nlan.example. A 10.0.0.1\n"
      "; FAULT dark.example. MX SERVFAIL\n");
  EXPECT_EQ(w.words("user@null.example"), "unknown no-mail-host");
  EXPECT_EQ(w.words("user@gone.example"), "unknown no-mail-host");
  EXPECT_EQ(w.words("user@lan.example"), "unknown forbidden");
  EXPECT_EQ(w.words("user@dark.example"), "unknown dns");
  EXPECT_EQ(w.count("probes"), 0);
  EXPECT_EQ(w.count("forbidden_addresses"), 1);
}

// --- What is remembered ---

TEST(Callout, RemembersWhatItFound) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  w.ask("user@a.example");
  w.clock.advance(24h);
  const Verdict again = w.ask("user@a.example");
  EXPECT_EQ(again.kind, Kind::exists);
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.age, 24h);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(w.count("cached"), 1);
}

TEST(Callout, AsksAgainAheadOfTime) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  w.ask("user@a.example");
  w.clock.advance(5 * 24h);
  EXPECT_EQ(w.ask("user@a.example").age, 5 * 24h);  // the old answer stands while it is asked again
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(w.ask("user@a.example").age, 0h);
  w.clock.advance(6 * 24h);
  EXPECT_TRUE(w.ask("user@a.example").cached);  // 11 days after the first
}

TEST(Callout, AFailedRefreshLeavesTheGoodAnswer) {
  for (const Behaviour& later :
       {Behaviour{.rcpt = "451 4.7.1 later\r\n"}, Behaviour{.greeting = "554 no\r\n"}, kMissing}) {
    World w("a.example. MX 10 mx.a.example.\nmx.a.example. A 127.1.0.1\n");
    {
      test::ScriptedSmtp good("127.1.0.1", w.farm.port(), {});
      w.ask("user@a.example");
    }
    const auto& bad = w.farm.add("127.1.0.1", later);
    w.clock.advance(5 * 24h);
    EXPECT_EQ(w.words("user@a.example"), "exists reply");
    EXPECT_EQ(bad.connections(), 1);
    w.clock.advance(1h);
    EXPECT_EQ(w.words("user@a.example"), "exists reply");
    EXPECT_EQ(bad.connections(), 1);  // not at once once more
    w.clock.advance(2h);
    EXPECT_EQ(w.words("user@a.example"), "exists reply");
    EXPECT_EQ(bad.connections(), 2);
    w.clock.advance(46h);  // past its 7 days
    EXPECT_NE(w.words("user@a.example"), "exists reply");
  }
}

TEST(Callout, BelievesARepeatedNoLonger) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", kMissing);
  EXPECT_EQ(w.words("user@a.example"), "missing reply");
  w.clock.advance(119min);
  EXPECT_TRUE(w.ask("user@a.example").cached);
  w.clock.advance(1min);
  EXPECT_FALSE(w.ask("user@a.example").cached);
  w.clock.advance(12h - 1min);
  EXPECT_TRUE(w.ask("user@a.example").cached);
  w.clock.advance(1min);
  EXPECT_FALSE(w.ask("user@a.example").cached);
  EXPECT_EQ(server.connections(), 3);
}

TEST(Callout, RemembersDomainsThatTakeAll) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {.other_rcpt = "250 ok\r\n"});
  EXPECT_EQ(w.words("one@a.example"), "accept-all reply");
  w.clock.advance(14 * 24h - 1s);
  EXPECT_EQ(w.words("two@a.example"), "accept-all reply");
  EXPECT_EQ(server.connections(), 1);
  w.clock.advance(1s);
  w.ask("two@a.example");
  EXPECT_EQ(server.connections(), 2);
}

TEST(Callout, LeavesAloneForAWhileWhoHadTrouble) {
  const auto spared_for = [](const Behaviour& behaviour) {
    World w(kOneDomain);
    const auto& server = w.farm.add("127.1.0.1", behaviour);
    w.ask("user@a.example");
    for (int minutes = 1; minutes < 100'000; ++minutes) {
      w.clock.advance(1min);
      w.ask("user@a.example");
      if (server.connections() > 1) return minutes;
    }
    return 0;
  };
  EXPECT_EQ(spared_for({.greeting = "554 no access\r\n"}), 60);
  EXPECT_EQ(spared_for({.rcpt = "451 4.7.1 greylisted\r\n"}), 15);
  EXPECT_EQ(spared_for({.mail = "451 4.3.0 later\r\n"}), 15);
  EXPECT_EQ(spared_for({.rcpt = "550 callouts are not allowed\r\n"}), 30 * 24 * 60);
}

TEST(Callout, AHostThatAsksNotToBeProbedIsSparedForEveryDomain) {
  World w(
      "a.example. MX 10 mx.a.example.\nmx.a.example. A 127.1.0.1\n"
      "b.example. MX 10 mx.a.example.\n");
  const auto& server = w.farm.add("127.1.0.1", {.greeting = "220 mx - no callouts please\r\n"});
  EXPECT_EQ(w.words("user@a.example"), "unknown opted-out");
  EXPECT_EQ(w.words("user@a.example"), "not-asked opted-out");
  EXPECT_EQ(w.words("user@b.example"), "not-asked opted-out");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(w.count("opted_out"), 1);
}

TEST(Callout, NoForgerCanOptADomainOut) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {.rcpt = "550 5.1.1 <callouts.are.prohibited@a.example>: no such user\r\n"});
  EXPECT_EQ(w.words("callouts.are.prohibited@a.example"), "missing reply");
  EXPECT_EQ(w.count("opted_out"), 0);
}

TEST(Callout, KnowsFromMailThatWentBy) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", {});
  w.callout().note_delivered(World::mailbox("good@a.example"));
  w.callout().note_undeliverable(World::mailbox("bad@a.example"));
  w.clock.advance(1h);
  EXPECT_EQ(w.words("good@a.example"), "exists evidence");
  EXPECT_EQ(w.ask("good@a.example").age, 1h);
  EXPECT_EQ(w.words("bad@a.example"), "missing evidence");
  EXPECT_EQ(server.connections(), 0);
  w.clock.advance(23h);
  EXPECT_EQ(w.words("bad@a.example"), "exists reply");  // a day is long for a no
  EXPECT_EQ(w.words("good@a.example"), "exists evidence");
}

TEST(Callout, DamagedRecordsAreNone) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {});
  for (const char* text :
       {"", "1", "2\nexists\nreply\n1\n2\n3\nfirst\n", "1\nexists\nreply\n1\n99999999999999999999\n3\nfirst\n",
        "1\nperhaps\nreply\n1\n2\n3\nfirst\n", "\xFF\n\n\n\n\n\n\n"}) {
    w.store.put(store::Space::callout_address, "is user@a.example", text, w.clock.wall() + 1h);
    EXPECT_FALSE(w.ask("user@a.example").cached) << text;
  }
}

// --- Limits ---

TEST(Callout, ADayHasItsBudget) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {});
  w.options.limits.probes_per_day = 2;
  EXPECT_EQ(w.words("a1@a.example"), "exists reply");
  EXPECT_EQ(w.words("a2@a.example"), "exists reply");
  EXPECT_EQ(w.words("a3@a.example"), "unknown limit");
  EXPECT_EQ(w.words("a3@a.example"), "unknown limit");
  EXPECT_EQ(w.count("over_day"), 2);
  EXPECT_EQ(w.callout().health().today, 2);
  w.clock.advance(24h);
  EXPECT_EQ(w.words("a3@a.example"), "exists reply");
}

TEST(Callout, AClientNetworkHasItsBudget) {
  World w(kOneDomain);
  w.farm.add("127.1.0.1", {});
  w.options.limits.probes_per_client_and_hour = 1;
  const auto from = [](const char* address) { return Asker{.client = IpAddress::parse(address), .skip = {}}; };
  EXPECT_EQ(w.words("a1@a.example", from("192.0.2.1")), "exists reply");
  EXPECT_EQ(w.words("a2@a.example", from("192.0.2.200")), "unknown limit");
  EXPECT_EQ(w.words("a2@a.example", from("192.0.3.1")), "exists reply");
  EXPECT_EQ(w.words("a3@a.example", from("2001:db8::1")), "exists reply");
  EXPECT_EQ(w.words("a4@a.example", from("2001:db8::2:0:0:1")), "unknown limit");
  EXPECT_EQ(w.count("over_client"), 2);
  w.clock.advance(1h);
  EXPECT_EQ(w.words("a2@a.example", from("192.0.2.1")), "exists reply");
}

TEST(Callout, ADomainThatIsForgedIsLeftAlone) {
  World w(kOneDomain);
  const auto& server = w.farm.add("127.1.0.1", kMissing);
  w.options.limits.missing_in_a_row = 3;
  for (int i = 0; i < 10; ++i) w.ask("user" + std::to_string(i) + "@a.example");
  EXPECT_EQ(server.connections(), 3);
  EXPECT_EQ(w.words("another@a.example"), "unknown limit");
  EXPECT_EQ(w.words("user0@a.example"), "missing reply");  // what is known stays known
  EXPECT_EQ(w.callout().health().paused_domains, 1U);
  w.clock.advance(1h);
  EXPECT_EQ(w.words("another@a.example"), "missing reply");
}

}  // namespace
}  // namespace postern::callout
