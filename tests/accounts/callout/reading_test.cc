#include "policy/accounts/callout/reading.h"

#include "policy/accounts/callout/shape.h"

namespace postern::callout {
namespace {

smtp::ServerReply reply(std::string_view text) {
  smtp::ReplyReader reader;
  const std::string bytes = std::string(text) + "\r\n";
  std::string_view rest = bytes;
  EXPECT_EQ(reader.take(rest), smtp::ReplyReader::State::done) << text;
  return reader.reply();
}

std::string_view at(Stage stage, std::string_view text) { return name(meaning_of(stage, reply(text))); }

TEST(Reading, OfRcptIsMissingOnlyInWordsAboutTheMailbox) {
  const auto rcpt = [](std::string_view text) { return at(Stage::recipient, text); };
  for (const char* text :
       {"550 5.1.1 <a@b>: Recipient address rejected: User unknown in local recipient table",  // Postfix
        "550 5.1.1 <a@b>... User unknown",                                                     // Sendmail
        "550-5.1.1 The email account that you tried to reach does not exist.\r\n550 5.1.1 Try again",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "550 5.1.2 bad host",
        "550 5.1.3 bad syntax", "550 5.1.6 moved", "551 5.1.6 moved", "553 5.1.1 nobody", "550 Unrouteable address",
        "550 Requested action not taken: mailbox unavailable", "550 unknown user", "550",
        "553 sorry, no mailbox here by that name. (#5.1.1)", "550 #5.1.1 nobody"}) {
    EXPECT_EQ(rcpt(text), "missing") << text;
  }
  for (const char* text :
       {"550 5.7.1 Service unavailable; client host blocked", "550 5.7.606 Access denied, banned sending IP",
        "554 5.7.1 <x>: Relay access denied", "554 delivery error: dd This user doesn't have an account", "521 no mail",
        "530 5.7.0 Must issue a STARTTLS command first", "535 authenticate", "550 relay not permitted",
        "550 Your IP is on our block list", "550 rejected by zen.spamhaus.org", "550 sender verify failed",
        "550 Access denied", "550 callbacks are prohibited", "553 sorry, you are blocked (#5.7.1)"}) {
    EXPECT_EQ(rcpt(text), "refused") << text;
  }
  for (const char* text : {"450 4.2.0 greylisted", "451 4.7.1 try later", "452 4.2.2 full", "421 4.3.2 closing"})
    EXPECT_EQ(rcpt(text), "temporary") << text;
  for (const char* text :
       {"252 cannot tell", "550 5.2.1 disabled", "550 5.2.2 full", "552 5.2.2 full", "550 5.1.0 address rejected",
        "550 5.4.1 access denied by directory", "551 not local", "553 not allowed", "550 4.1.1 x", "550 2.1.5 x",
        "550-5.1.1 x\r\n550 5.7.1 y", "503 5.5.1 bad sequence", "501 5.1.3 syntax", "500 what", "354 go", "200 x"}) {
    EXPECT_EQ(rcpt(text), "unclear") << text;
  }
  EXPECT_EQ(rcpt("250 2.1.5 ok"), "accepted");
  EXPECT_EQ(rcpt("251 will forward"), "accepted");
}

// Postfix takes any rejection of a probe as "undeliverable" (FAULTS T48).
TEST(Reading, AnyRejectionWouldCondemnWhomWeDoNot) {
  for (const char* text : {"550 5.7.1 blocked", "554 5.7.1 relay access denied", "521 no mail", "550 5.2.2 full",
                           "550 callbacks are prohibited", "550 sender verify failed"}) {
    EXPECT_TRUE(reply(text).permanent()) << text;
    EXPECT_NE(at(Stage::recipient, text), "missing") << text;
  }
}

TEST(Reading, NothingBeforeRcptIsAboutTheMailbox) {
  for (const Stage stage : {Stage::greeting, Stage::hello, Stage::mail}) {
    EXPECT_EQ(at(stage, "550 5.1.1 no such user"), "refused");
    EXPECT_EQ(at(stage, "554 no"), "refused");
    EXPECT_EQ(at(stage, "421 busy"), "temporary");
    EXPECT_EQ(at(stage, "354 go"), "unclear");
  }
  EXPECT_EQ(at(Stage::greeting, "220 mx"), "accepted");
  EXPECT_EQ(at(Stage::greeting, "250 mx"), "unclear");
  EXPECT_EQ(at(Stage::hello, "250 mx"), "accepted");
  EXPECT_EQ(at(Stage::mail, "250 ok"), "accepted");
  EXPECT_EQ(at(Stage::mail, "220 ok"), "unclear");
}

TEST(Reading, KnowsWhoAsksToBeLeftAlone) {
  for (const char* text :
       {"521 takes no mail", "550 Callouts are not allowed", "554 stop sender verification callbacks",
        "550 You are blacklisted for probing, see backscatterer.org", "550-Sender verification is abuse\r\n550 go away",
        "450 call-back verification forbidden"})
    EXPECT_TRUE(asks_not_to_probe(Stage::recipient, reply(text))) << text;
  for (const char* text : {"550 5.1.1 no such user", "450 4.1.1 unverified address: Address verification in progress",
                           "550-Callout verification failed:\r\n550 550 5.1.1 user unknown", "550 no mailbox here",
                           "250 no callouts", "550-Verification failed for <a@b>\r\n550 Unrouteable address"})
    EXPECT_FALSE(asks_not_to_probe(Stage::recipient, reply(text))) << text;
  EXPECT_TRUE(asks_not_to_probe(Stage::greeting, reply("220 mx ESMTP - no callouts please")));
  EXPECT_FALSE(asks_not_to_probe(Stage::greeting, reply("220 mx ESMTP NO UCE, no abuse")));
}

// Whoever forges a sender chooses its words, and hosts repeat them.
TEST(Reading, WhatWeSaidOurselvesCountsForNothing) {
  const auto text = reply("550 <no-callouts.prohibited.spam@a.example>: no such user, says relay.home.example");
  const std::string_view said = "no-callouts.prohibited.spam@a.example relay.home.example";
  EXPECT_TRUE(asks_not_to_probe(Stage::recipient, text));
  EXPECT_FALSE(asks_not_to_probe(Stage::recipient, text, said));
  EXPECT_EQ(meaning_of(Stage::recipient, text), Meaning::refused);
  EXPECT_EQ(meaning_of(Stage::recipient, text, said), Meaning::missing);
  EXPECT_EQ(meaning_of(Stage::recipient, reply("550 relaying denied"), said), Meaning::refused);
}

TEST(Shape, AddressesMadeForOneMessageAreTold) {
  const auto of = [](const char* local) {
    return machine_made({.local = local, .domain = Domain::parse("a.example"), .literal = std::nullopt});
  };
  EXPECT_EQ(of("prvs=1234abcdef=user"), "BATV");
  EXPECT_EQ(of("PRVS=user/1234abcdef"), "BATV");
  EXPECT_EQ(of("btv1==1234abcd==user"), "BATV");
  EXPECT_EQ(of("SRS0=HHH=TT=a.example=user"), "SRS");
  EXPECT_EQ(of("SRS1+HHH=b.example==HHH=TT=a.example=user"), "SRS");
  EXPECT_EQ(of("news-user=example.org"), "VERP");
  EXPECT_EQ(of("mail+user=b.example.org"), "VERP");
  for (const char* local : {"bounce-123", "bounces+45", "list-bounces", "list-owner", "owner-list", "list-request",
                            "list-return-7", "bounces", "Mailer-Daemon", "double-bounce", "sentto-1-2"})
    EXPECT_EQ(of(local), "list") << local;
  EXPECT_EQ(of(std::string(40, 'a').c_str()), "long");
  EXPECT_EQ(of(std::string(39, 'a').c_str()), "");
  for (const char* local : {"0100018f2c3a4b5d-7e8f9a0b", "550e8400-e29b-41d4-a716-4466", "x7f3k9q2m8z4b6n1c5"})
    EXPECT_EQ(of(local), "random") << local;
  for (const char* local : {"user", "first.last", "first.last2026", "o'neil", "info", "no-reply", "a=b", "user+tag",
                            "bouncer", "sales-2026-11-28", "kundenservice.nord", "x1y2z3", "=?", "a=b.c"})
    EXPECT_EQ(of(local), "") << local;
}

}  // namespace
}  // namespace postern::callout
