// What bounds one message and what shapes an answer: FAULTS T4, T5, T8, T9, T13, T15, over the wire.

#include <gtest/gtest.h>
#include <signal.h>

#include <functional>

#include "tests/support/scripted_dns.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr std::uint32_t kSteps = 0x1fffff;
constexpr std::uint32_t kNoReplyConnect = 0x1000;
constexpr std::uint32_t kAddHeaders = 0x1;
constexpr std::uint32_t kQuarantine = 0x20;
constexpr std::uint32_t kMacroLists = 0x100;

std::vector<std::string> without(const char* part, bool off) {
  return off ? std::vector<std::string>{"--test-without", part} : std::vector<std::string>{};
}

// The decision id behind a reply differs each time.
std::string without_id(const std::string& answer) {
  const std::size_t at = answer.rfind(" (");
  return at == std::string::npos || !answer.ends_with(")") ? answer : answer.substr(0, at);
}

// T4: both MTAs take '%' for a format, and one of them drops the whole text over it.
TEST(Caps, DoublesThePercentSignOfAReply) {
  for (const bool off : {false, true}) {
    Daemon daemon(
        {.rules = "  - {name: a, when: always, reject: \"100% spam\"}\n", .arguments = without("escape", off)});
    MilterClient c = daemon.client();
    c.greet();
    EXPECT_EQ(without_id(c.message("<a@x.test>", "<r@site.test>")),
              off ? "550 5.7.1 100% spam" : "550 5.7.1 100%% spam");
  }
}

// T5: what is refused for its address alone is told at MAIL, also to an MTA that would take an answer at once.
TEST(Caps, HoldsARefusalOfTheClientUntilItsTextIsHeard) {
  for (const bool off : {false, true}) {
    std::vector<std::string> arguments = {"--test-fault", "connect"};
    if (off) arguments.insert(arguments.end(), {"--test-without", "hold"});
    Daemon daemon({.sections = "answer_at: sender\n", .arguments = arguments});
    MilterClient c = daemon.client();
    c.negotiate({.version = 6, .actions = 0x1ff, .steps = kSteps & ~kNoReplyConnect});
    EXPECT_EQ(c.connect(), off ? "451 4.3.0 Internal error, try again later" : "continue");
    if (off) continue;
    c.helo();
    EXPECT_EQ(c.message("<a@x.test>", "<r@site.test>"), "451 4.3.0 Internal error, try again later");
  }
  Daemon daemon({.rules = "  - {name: a, when: 'client.ip in [192.0.2.0/24]', reject: \"not from there\"}\n",
                 .sections = "answer_at: sender\n"});
  MilterClient c = daemon.client();
  c.negotiate({.version = 6, .actions = 0x1ff, .steps = kSteps & ~kNoReplyConnect});
  EXPECT_EQ(c.connect(), "continue");
  c.helo();
  EXPECT_EQ(without_id(c.mail("<a@x.test>")), "550 5.7.1 not from there");
}

// T8: every version with every mask: asked for is what is offered, and what cannot be done without gets a 451.
TEST(Caps, AsksEachMtaForWhatItOffers) {
  constexpr const char* kHoldsAndMarks =
      "  - {name: hold, when: 'sender == \"hold@x.test\"', quarantine: true}\n"
      "  - {name: mark, when: 'sender == \"mark@x.test\"', add_header: {X-Mark: \"yes\"}}\n";
  Daemon daemon({.rules = kHoldsAndMarks});
  Daemon blind({.rules = kHoldsAndMarks, .arguments = {"--test-without", "intersection"}});
  for (const std::uint32_t version : {2U, 3U, 4U, 6U}) {
    for (std::uint32_t missing = 1; missing <= 0x200; missing *= 2) {
      const MilterClient::Offer offer{version, 0x1ffU & ~missing, version == 2 ? 0x7fU : kSteps};
      MilterClient c = daemon.client();
      const auto agreed = c.negotiate(offer);
      ASSERT_TRUE(agreed.answered) << version << " " << missing;
      EXPECT_EQ(agreed.actions & ~offer.actions, 0U) << version << " " << missing;
      EXPECT_EQ(agreed.steps & ~offer.steps, 0U) << version << " " << missing;
      c.connect();
      c.helo();
      EXPECT_EQ(c.message("<a@x.test>", "<r@site.test>"),
                missing == kQuarantine ? "451 4.3.5 Mail filter and server do not fit together" : "continue")
          << version << " " << missing;
      const bool offers_all = version > 2 && missing != kQuarantine && missing != kAddHeaders && missing != kMacroLists;
      MilterClient unserved = blind.client();
      EXPECT_EQ(unserved.negotiate(offer).answered, offers_all) << version << " " << missing;
    }
  }
}

// The answer to a message with these header fields.
std::string answer_to(const Daemon& daemon, const std::function<void(MilterClient&)>& send_header) {
  MilterClient c = daemon.client();
  c.greet();
  c.mail("<a@x.test>");
  c.rcpt("<r@site.test>");
  c.data();
  send_header(c);
  const std::string answer = c.end_of_headers();
  return answer == "continue" || answer == "none" ? c.end_of_message().verdict : answer;
}

// T9.
TEST(Caps, RefusesAHeaderThatIsTooLarge) {
  constexpr const char* kReadsHeaders = "  - {name: odd, when: 'header.X-Long contains \"needle\"', reject: true}\n";
  for (const bool off : {false, true}) {
    Daemon daemon({.rules = kReadsHeaders, .arguments = without("header-caps", off)});
    const auto fields = [](int count, std::size_t size) {
      return [count, size](MilterClient& c) {
        for (int i = 0; i < count; ++i) c.header("X-" + std::to_string(i), " " + std::string(size, 'x'));
      };
    };
    const std::string over = off ? "continue" : "552 5.3.4";
    EXPECT_TRUE(answer_to(daemon, fields(100'000, 3)).starts_with(over));
    EXPECT_TRUE(answer_to(daemon, fields(1001, 3)).starts_with(over));
    EXPECT_EQ(answer_to(daemon, fields(1000, 3)), "continue");
    EXPECT_TRUE(answer_to(daemon, fields(300, 1000)).starts_with(over));
    EXPECT_TRUE(answer_to(daemon, fields(1, 70'000)).starts_with(over));
    EXPECT_TRUE(answer_to(daemon, fields(1, (1U << 20U) - 100)).starts_with(over));
    EXPECT_EQ(answer_to(daemon, fields(1, (1U << 20U) + 100)), "closed");
    EXPECT_EQ(answer_to(daemon, [](MilterClient& c) { c.header("X-Long", std::string(" a\0 needle", 10)); }),
              "continue");
    EXPECT_EQ(answer_to(daemon, [](MilterClient& c) { c.header("X-Empty", ""); }), "continue");
    EXPECT_EQ(daemon.counter("caps.headers"), off ? -1 : 5);
  }
}

// T13: what an MTA waits for each step, with a resolver that answers nothing.
std::chrono::milliseconds longest_step(const std::vector<std::string>& arguments) {
  ScriptedDns dns("x.test. A 192.0.2.1\n");
  dns.silence(true);
  Daemon daemon({.rules = "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n",
                 .sections = "checks: {sender-domain: {timeout: 15s}}\n",
                 .dns_port = dns.port(),
                 .arguments = arguments});
  std::chrono::milliseconds longest{0};
  MilterClient c(daemon.socket_path(), 60s);
  const std::function<void()> steps[] = {[&] { c.negotiate({.version = 6, .actions = 0x1ff, .steps = 0}); },
                                         [&] { c.connect(); },
                                         [&] { c.helo(); },
                                         [&] { c.mail("<a@x.test>"); },
                                         [&] { c.rcpt("<r@site.test>"); },
                                         [&] { c.data(); },
                                         [&] { c.header("Subject", " x"); },
                                         [&] { c.end_of_headers(); },
                                         [&] { c.body("x\r\n"); }};
  for (const auto& step : steps) {
    const auto start = std::chrono::steady_clock::now();
    step();
    longest = std::max(longest,
                       std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start));
  }
  return longest;
}

TEST(Caps, AnswersEachStepWithinItsTimeWhateverDnsDoes) { EXPECT_LT(longest_step({}), 8s); }

TEST(Caps, CouldNotDoSoWithoutADeadline) { EXPECT_GT(longest_step({"--test-without", "deadlines"}), 8s); }

constexpr const char* kMarks = "  - {name: mark, when: always, add_header: {X-One: \"1\", X-Two: \"2\"}}\n";

MilterClient::End end_of_a_message(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  c.mail("<a@x.test>");
  c.rcpt("<r@site.test>");
  return c.end_of_message();
}

// T15: the edits are the last before the verdict. Killed between two, the MTA has no verdict and keeps the message.
TEST(Caps, TellsNoVerdictWhenItDiesBetweenEdits) {
  Daemon daemon({.rules = kMarks, .arguments = {"--test-fault", "edit/kill"}});
  const auto end = end_of_a_message(daemon);
  EXPECT_EQ(end.edits.size(), 1U);
  EXPECT_EQ(end.verdict, "closed");
  EXPECT_EQ(daemon.ended(), 128 + SIGKILL);
}

TEST(Caps, RefusesAMessageThatIsHalfEdited) {
  for (const bool off : {false, true}) {
    std::vector<std::string> arguments = {"--test-fault", "edit/fail"};
    if (off) arguments.insert(arguments.end(), {"--test-without", "edit-check"});
    Daemon daemon({.rules = kMarks, .arguments = arguments});
    const auto end = end_of_a_message(daemon);
    EXPECT_EQ(end.edits.size(), 1U);
    EXPECT_EQ(end.verdict, off ? "continue" : "451 4.3.0 Internal error, try again later");
  }
}

}  // namespace
}  // namespace postern::test
