// Whole dialogues with the built daemon: what an MTA is told at each step.

#include <gtest/gtest.h>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr const char* kRules = R"(
  - name: bad-sender
    when: 'sender == "bad@x.test"'
    reject: {code: 550, text: "100% refused, says {client.ip}"}
  - name: slow-down
    when: 'sender == "later@x.test"'
    defer: "Not now"
  - name: bad-recipient
    when: 'recipient == "bad@site.test"'
    reject: {code: 550, text: "Not for you"}
  - name: hold
    when: 'sender == "hold@x.test"'
    quarantine: "looks odd"
  - name: drop
    when: 'sender == "drop@x.test"'
    discard: true
  - name: mark
    when: 'sender == "mark@x.test"'
    add_header: {X-Mark: "one {helo}"}
)";

// The decision id behind a reply differs each time.
std::string without_id(const std::string& answer) {
  const std::size_t at = answer.rfind(" (");
  return at == std::string::npos || !answer.ends_with(")") ? answer : answer.substr(0, at);
}

MilterClient greeted(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  return c;
}

TEST(Dialogue, DoesNothingButAcceptWithoutRules) {
  Daemon daemon({});
  MilterClient c = daemon.client();
  const auto agreed = c.negotiate();
  EXPECT_EQ(agreed.version, 6U);
  EXPECT_EQ(agreed.steps, 0x1dfbf0U);  // nothing is sent in vain, and nothing answered but the end
  EXPECT_EQ(c.connect(), "none");
  EXPECT_EQ(c.helo(), "none");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
  c.quit();
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_EQ(daemon.said("event=decision"), 3U);
}

TEST(Dialogue, SpeaksRepliesWordForWord) {
  Daemon daemon({.rules = kRules});
  MilterClient c = greeted(daemon);
  EXPECT_EQ(c.mail("<bad@x.test>"), "none");  // answer_at: recipient
  EXPECT_EQ(without_id(c.rcpt("<a@site.test>")), "550 5.7.1 100%% refused, says 192.0.2.1");
  EXPECT_EQ(c.mail("<later@x.test>"), "none");
  EXPECT_EQ(without_id(c.rcpt("<a@site.test>")), "451 4.7.1 Not now");
  EXPECT_EQ(c.mail("<a@x.test>"), "none");
  EXPECT_EQ(c.rcpt("<a@site.test>"), "continue");
  EXPECT_EQ(without_id(c.rcpt("<bad@site.test>")), "550 5.7.1 Not for you");
  EXPECT_EQ(c.rcpt("<b@site.test>"), "continue");
  EXPECT_EQ(c.data(), "none");
  EXPECT_EQ(c.end_of_message().verdict, "continue");
}

TEST(Dialogue, SpeaksAtMailWhenAskedTo) {
  Daemon daemon({.rules = kRules, .sections = "answer_at: sender\n"});
  MilterClient c = greeted(daemon);
  EXPECT_EQ(without_id(c.mail("<bad@x.test>")), "550 5.7.1 100%% refused, says 192.0.2.1");
  EXPECT_EQ(c.mail("<a@x.test>"), "continue");
}

TEST(Dialogue, DiscardsHoldsAndMarksAtTheEnd) {
  Daemon daemon({.rules = kRules});
  MilterClient c = greeted(daemon);
  const auto end_of = [&c](const char* sender) {
    c.mail(sender);
    c.rcpt("<a@site.test>");
    c.data();
    c.end_of_headers();
    return c.end_of_message();
  };
  EXPECT_EQ(end_of("<drop@x.test>").verdict, "discard");
  const auto held = end_of("<hold@x.test>");
  EXPECT_EQ(held.verdict, "continue");
  EXPECT_EQ(held.edits, std::vector<std::string>{"quarantine looks odd"});
  EXPECT_EQ(end_of("<mark@x.test>").edits, std::vector<std::string>{"add X-Mark: one mx.client.example"});
  EXPECT_TRUE(end_of("<a@x.test>").edits.empty());
}

TEST(Dialogue, AddsNoBlankForAnMtaThatDoesItself) {
  Daemon daemon({.rules = kRules});
  MilterClient c = daemon.client();
  EXPECT_EQ(c.negotiate({.version = 6, .actions = 0x1ff, .steps = 0x0fffff}).steps & 0x100000U, 0U);
  c.connect();
  c.helo();
  c.mail("<mark@x.test>");
  c.rcpt("<a@site.test>");
  EXPECT_EQ(c.end_of_message().edits, std::vector<std::string>{"add X-Mark:one mx.client.example"});
}

// FAULTS T8: old protocol versions and odd masks.
TEST(Dialogue, ServesOldMtas) {
  Daemon daemon({.rules = kRules});
  const MilterClient::Offer offers[] = {{2, 0x3f, 0x7f},      {3, 0x3f, 0x17f}, {4, 0x3f, 0x37f},
                                        {6, 0x1ff, 0x1fffff}, {6, 0x1ff, 0},    {99, 0x1ff, 0x1fffff}};
  for (const auto& offer : offers) {
    MilterClient c = daemon.client();
    const auto agreed = c.negotiate(offer);
    ASSERT_TRUE(agreed.answered) << offer.version;
    EXPECT_EQ(agreed.steps & ~(offer.steps == 0 ? 0x3fU : offer.steps), 0U) << offer.version;
    c.connect();
    c.helo();
    EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue") << offer.version;
    EXPECT_EQ(without_id(c.message("<bad@x.test>", "<b@site.test>")), "550 5.7.1 100%% refused, says 192.0.2.1")
        << offer.version;
    EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue") << offer.version;
  }
  MilterClient ancient = daemon.client();
  EXPECT_FALSE(ancient.negotiate({1, 0xf, 0x3f}).answered);
}

TEST(Dialogue, RefusesToServeWithoutQuarantineWhereItIsNeeded) {
  Daemon daemon({.rules = kRules});
  MilterClient c = daemon.client();
  c.negotiate({.version = 6, .actions = 0x1ff & ~0x20U, .steps = 0x1fffff});
  c.connect();
  c.helo();
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "451 4.3.5 Mail filter and server do not fit together");
  EXPECT_EQ(daemon.said("event=negotiation"), 1U);
}

TEST(Dialogue, NeverRefusesARecipientOfALocalSubmission) {
  Daemon daemon({.rules = kRules});
  MilterClient c = daemon.client();
  c.negotiate();
  c.connect({.name = "localhost", .ip = "127.0.0.1", .port = 0, .family = '4', .macros = {{"{daemon_port}", "0"}}});
  c.helo("localhost");
  EXPECT_EQ(c.mail("bad@x.test"), "none");
  EXPECT_EQ(c.rcpt("bad@site.test"), "continue");
  EXPECT_EQ(c.data(), "none");
  EXPECT_EQ(without_id(c.end_of_message().verdict), "550 5.7.1 100%% refused, says -");
  EXPECT_TRUE(daemon.says("direction=local"));
}

TEST(Dialogue, DoesNotTakeARecipientThatTheMtaRefused) {
  Daemon daemon({.rules = kRules});
  MilterClient c = greeted(daemon);
  c.mail("<a@x.test>");
  EXPECT_EQ(c.rcpt("<bad@site.test>", {{"{rcpt_mailer}", "error"}, {"{rcpt_host}", "5.1.1"}}), "continue");
  EXPECT_EQ(c.rcpt("<b@site.test>", {{"{rcpt_mailer}", "local"}}), "continue");
  EXPECT_EQ(c.end_of_message().verdict, "continue");
}

TEST(Dialogue, SurvivesAnEndAnywhere) {
  Daemon daemon({.rules = kRules, .sections = "answer_at: sender\n"});
  using Act = void (*)(MilterClient&);
  const Act steps[] = {[](MilterClient& c) { c.negotiate(); },
                       [](MilterClient& c) { c.connect(); },
                       [](MilterClient& c) { c.helo(); },
                       [](MilterClient& c) { c.mail("<mark@x.test>"); },
                       [](MilterClient& c) { c.rcpt("<a@site.test>"); },
                       [](MilterClient& c) { c.data(); },
                       [](MilterClient& c) { c.header("Subject", " x"); },
                       [](MilterClient& c) { c.end_of_headers(); },
                       [](MilterClient& c) { c.body("x\r\n"); },
                       [](MilterClient& c) { c.end_of_message(); }};
  const Act ends[] = {[](MilterClient& c) { c.quit(); },
                      [](MilterClient& c) { c.hang_up(); },
                      [](MilterClient& c) { c.raw(std::string("\0\0\0\x10M<half", 10)); },
                      [](MilterClient& c) { c.abort(), c.abort(); },
                      [](MilterClient& c) { c.packet('K', {}); },
                      [](MilterClient& c) { c.helo("again.example"); },
                      [](MilterClient& c) { c.packet('M', std::string("<again@x.test>\0", 15)); }};
  for (std::size_t length = 0; length <= std::size(steps); ++length) {
    for (const Act end : ends) {
      MilterClient c = daemon.client();
      for (std::size_t i = 0; i < length; ++i) steps[i](c);
      end(c);
    }
  }
  MilterClient c = greeted(daemon);
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
  c.quit();
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_EQ(daemon.said("event=fault"), 0U) << daemon.log();
}

TEST(Dialogue, TakesHeadersLongerThanLibmiltersPackets) {
  Daemon daemon(
      {.rules =
           kRules +
           std::string("  - {name: odd, when: 'header.X-Long contains \"needle\"', add_header: {X-Seen: \"yes\"}}\n")});
  MilterClient c = greeted(daemon);
  c.mail("<a@x.test>");
  c.rcpt("<a@site.test>");
  c.data();
  c.header("X-Long", " " + std::string(70'000, 'x'));
  EXPECT_EQ(c.end_of_headers(), "none");  // there is no body to be spared
  const std::string answer = c.end_of_message().verdict;
  EXPECT_TRUE(answer.starts_with("552 5.3.4")) << answer;
  EXPECT_EQ(c.message("<a@x.test>", "<b@site.test>"), "continue");
}

}  // namespace
}  // namespace postern::test
