#include "policy/mail/smtp_client.h"

#include "tests/support/scripted_smtp.h"

namespace postern::smtp {
namespace {

using namespace std::chrono_literals;
using test::Behaviour;
using test::Say;
using Kind = Outcome::Kind;

/// A server and a client that has read its greeting.
struct Dialogue {
  explicit Dialogue(Behaviour behaviour, std::chrono::milliseconds patience = 5s)
      : server("127.0.0.1", 0, std::move(behaviour)) {
    const SteadyTime until = std::chrono::steady_clock::now() + 30s;
    Connection connection = Stream::connect(*IpAddress::parse("127.0.0.1"), server.port(), until);
    client = std::make_unique<Client>(std::move(connection.stream), Patience{.command = patience, .until = until});
    greeting = client->greeting();
  }
  test::ScriptedSmtp server;
  std::unique_ptr<Client> client;
  Outcome greeting;
};

Mailbox mailbox(std::string local) { return {std::move(local), Domain::parse("a.example"), std::nullopt}; }

TEST(SmtpClient, SpeaksADialogue) {
  Dialogue d({});
  EXPECT_EQ(d.greeting.reply.code, 220);
  EXPECT_TRUE(d.client->hello("mx.home.example").positive());
  EXPECT_TRUE(d.client->offers("8BITMIME"));
  EXPECT_FALSE(d.client->offers("STARTTLS"));
  EXPECT_TRUE(d.client->mail(mailbox("me"), false).positive());
  EXPECT_TRUE(d.client->rcpt(mailbox("a \"b")).positive());
  EXPECT_EQ(d.client->rcpt({"x", std::nullopt, IpAddress::parse("2001:db8::1")}).reply.code, 550);
  EXPECT_TRUE(d.client->reset().positive());
  d.client->quit();
  EXPECT_EQ(d.server.commands(),
            (std::vector<std::string>{"EHLO mx.home.example\r\n", "MAIL FROM:<me@a.example>\r\n",
                                      "RCPT TO:<\"a \\\"b\"@a.example>\r\n", "RCPT TO:<x@[IPv6:2001:db8::1]>\r\n",
                                      "RSET\r\n", "QUIT\r\n"}));
}

TEST(SmtpClient, NothingLeavesWithAControlByteInIt) {  // FAULTS T26
  Dialogue d({});
  for (const std::string& bad :
       {std::string("a\r\nRCPT TO:<b@c>"), std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3),
        std::string("a\tb"), std::string("a\x1b"), std::string("a\x7f")}) {
    EXPECT_EQ(d.client->rcpt(mailbox(bad)).kind, Kind::refused);
    EXPECT_EQ(d.client->mail(mailbox(bad), false).kind, Kind::refused);
    EXPECT_EQ(d.client->hello(bad).kind, Kind::refused);
  }
  EXPECT_EQ(d.client->rcpt(mailbox(std::string(600, 'a'))).kind, Kind::refused);
  EXPECT_TRUE(d.server.commands().empty());
  EXPECT_TRUE(d.client->hello("mx.home.example").positive());  // the dialogue is still in step
}

TEST(SmtpClient, FallsBackToHelo) {
  Dialogue d({.ehlo = "500 what?\r\n"});
  EXPECT_TRUE(d.client->hello("mx.home.example").positive());
  EXPECT_EQ(d.server.commands().back(), "HELO mx.home.example\r\n");
  Dialogue later({.ehlo = "451 later\r\n"});
  EXPECT_EQ(later.client->hello("mx.home.example").reply.code, 451);
  EXPECT_EQ(later.server.commands().size(), 1U);
}

TEST(SmtpClient, StartsTlsAndForgetsWhatWasOfferedBefore) {
  Dialogue d({.ehlo = "250-mx\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n"});
  const auto tls = TlsContext::client({.verify = false, .ca_file = {}});
  EXPECT_EQ(d.client->start_tls(**tls, "mx.example").kind, Kind::refused);  // not offered yet
  d.client->hello("mx.home.example");
  EXPECT_TRUE(d.client->start_tls(**tls, "mx.example").positive());
  EXPECT_TRUE(d.client->is_tls());
  EXPECT_FALSE(d.client->offers("SMTPUTF8"));
  EXPECT_TRUE(d.client->hello("mx.home.example").positive());
  EXPECT_TRUE(d.client->offers("SMTPUTF8"));
}

TEST(SmtpClient, UsesSmtputf8OnlyWhereItIsOffered) {
  Dialogue without({});
  without.client->hello("mx.home.example");
  EXPECT_EQ(without.client->mail(std::nullopt, true).kind, Kind::refused);
  EXPECT_EQ(without.client->mail(mailbox("m\xC3\xBCller"), false).kind, Kind::refused);
  EXPECT_EQ(without.client->rcpt(mailbox("m\xC3\xBCller")).kind, Kind::refused);
  Dialogue with({.ehlo = "250-mx\r\n250 smtputf8\r\n"});
  with.client->hello("mx.home.example");
  EXPECT_TRUE(with.client->mail(std::nullopt, true).positive());
  EXPECT_TRUE(with.client->rcpt(mailbox("m\xC3\xBCller")).positive());
  EXPECT_EQ(with.server.commands()[1], "MAIL FROM:<> SMTPUTF8\r\n");
}

TEST(SmtpClient, SendsAMessageWithItsDotsStuffed) {  // RFC 5321 4.5.2
  Dialogue d({});
  d.client->hello("mx.home.example");
  d.client->mail(std::nullopt, false);
  d.client->rcpt(mailbox("a"));
  EXPECT_TRUE(d.client->data("Subject: x\n\n.\n..a\r\nb\rc\n.\r.\r\nlast").positive());
  EXPECT_TRUE(d.client->data("").positive());
  d.client->quit();
  EXPECT_EQ(d.server.messages(),
            (std::vector<std::string>{"Subject: x\r\n\r\n..\r\n...a\r\nb\r\nc\r\n..\r\n..\r\nlast\r\n", ""}));
  EXPECT_EQ(d.server.commands().back(), "QUIT\r\n");
}

TEST(SmtpClient, DoesNotBeginAMessageThatCannotBeSent) {
  Dialogue d({.ehlo = "250 mx\r\n"});
  d.client->hello("mx.home.example");
  EXPECT_EQ(d.client->data(std::string("a\0b", 3)).kind, Kind::refused);
  EXPECT_EQ(d.client->data(std::string(999, 'a')).kind, Kind::refused);
  EXPECT_EQ(d.client->data("\xC3\xBC").problem, "the server offers no 8BITMIME");
  EXPECT_EQ(d.server.commands().size(), 1U);
  EXPECT_TRUE(d.client->data(std::string(998, 'a')).positive());
}

TEST(SmtpClient, TellsWhatBecameOfAMessage) {
  Dialogue no({.data = "503 5.5.1 no\r\n"});
  EXPECT_EQ(no.client->data("a").reply.code, 503);
  Dialogue odd({.data = "250 ok\r\n"});
  EXPECT_EQ(odd.client->data("a").kind, Kind::broken);
  Dialogue full({.end_of_data = "452 4.3.1 full\r\n"});
  EXPECT_EQ(full.client->data("a").reply.code, 452);
  Dialogue slow({.end_of_data = Say("250 ok\r\n").after(60s)}, 50ms);
  EXPECT_EQ(slow.client->data("a").kind, Kind::timed_out);
}

TEST(SmtpClient, AReplyThatNobodyAskedForEndsIt) {
  Dialogue two({.mail = "250 ok\r\n550 5.1.1 no\r\n"});
  two.client->hello("mx.home.example");
  EXPECT_EQ(two.client->mail(std::nullopt, false).problem, "more than one reply to one command");
  Dialogue early({.greeting = "220 mx\r\n250 ok\r\n"});
  EXPECT_EQ(early.greeting.kind, Kind::broken);
}

TEST(SmtpClient, TellsHowItEnded) {
  Dialogue slow({.ehlo = Say("250 mx\r\n").after(60s)}, 50ms);
  EXPECT_EQ(slow.client->hello("mx.home.example").kind, Kind::timed_out);
  Dialogue gone({.ehlo = {"", Say::Then::close}});
  EXPECT_EQ(gone.client->hello("mx.home.example").kind, Kind::closed);
  Dialogue reset({.ehlo = {"250-", Say::Then::reset}});
  EXPECT_EQ(reset.client->hello("mx.home.example").kind, Kind::closed);
}

}  // namespace
}  // namespace postern::smtp
