// FAULTS T3: nothing of one message reaches the next, whatever became of the first and wherever it ended.

#include <gtest/gtest.h>

#include <sstream>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

// Each verdict at each stage that can speak it: of the sender, a recipient, all of them, the header, the end.
constexpr const char* kRules = R"(
  - {name: s5, when: 'sender == "s5@x.test"', reject: {code: 550, text: "sender refused"}}
  - {name: s4, when: 'sender == "s4@x.test"', defer: "sender put off"}
  - {name: r5, when: 'recipient == "r5@site.test"', reject: {code: 550, text: "recipient refused"}}
  - {name: r4, when: 'recipient == "r4@site.test"', defer: "recipient put off"}
  - {name: h5, when: 'header.X-Do == "h5"', reject: {code: 550, text: "header refused"}}
  - {name: h4, when: 'header.X-Do == "h4"', defer: "header put off"}
  - {name: e5, when: 'header.X-Do == "e5" and size > 3', reject: {code: 550, text: "end refused"}}
  - {name: e4, when: 'header.X-Do == "e4" and size > 3', defer: "end put off"}
  - {name: ed, when: 'header.X-Do == "ed"', discard: true}
  - {name: eq, when: 'header.X-Do == "eq"', quarantine: "held {sender}"}
  - {name: rn, when: recipients.count > 9, defer: "too many"}
  - {name: em, when: 'header.X-Do == "em"', add_header: {X-Mark: "{sender} {helo}"}}
)";

struct Message {
  const char* name;
  const char* sender;
  const char* recipient;
  const char* what;  // X-Do
  char end = 'E';    // or where the client gives up: M R T L N B
};

constexpr Message kMessages[] = {
    {"accepted", "<a@x.test>", "<r@site.test>", ""},
    {"sender refused", "<s5@x.test>", "<r@site.test>", ""},
    {"sender put off", "<s4@x.test>", "<r@site.test>", ""},
    {"recipient refused", "<a@x.test>", "<r5@site.test>", ""},
    {"recipient put off", "<a@x.test>", "<r4@site.test>", ""},
    {"header refused", "<a@x.test>", "<r@site.test>", "h5"},
    {"header put off", "<a@x.test>", "<r@site.test>", "h4"},
    {"end refused", "<a@x.test>", "<r@site.test>", "e5"},
    {"end put off", "<a@x.test>", "<r@site.test>", "e4"},
    {"discarded", "<a@x.test>", "<r@site.test>", "ed"},
    {"held", "<a@x.test>", "<r@site.test>", "eq"},
    {"marked", "<a@x.test>", "<r@site.test>", "em"},
    {"given up after MAIL", "<s5@x.test>", "", "", 'M'},
    {"given up after RCPT", "<a@x.test>", "<r@site.test>", "", 'R'},
    {"given up after DATA", "<a@x.test>", "<r@site.test>", "", 'T'},
    {"given up in the header", "<a@x.test>", "<r@site.test>", "em", 'L'},
    {"given up after the header", "<a@x.test>", "<r@site.test>", "em", 'N'},
    {"given up in the body", "<a@x.test>", "<r@site.test>", "eq", 'B'},
};

// The decision id behind a reply differs each time.
std::string without_id(const std::string& answer) {
  const std::size_t at = answer.rfind(" (");
  return at == std::string::npos || !answer.ends_with(")") ? answer : answer.substr(0, at);
}

// All that the MTA is told about it, step by step. After a refusal the MTA goes on as it does: to the next message.
std::string story(MilterClient& c, const Message& m, bool resets) {
  std::ostringstream told;
  const auto note = [&told](char step, const std::string& answer) {
    told << step << ": " << without_id(answer) << "\n";
    return answer == "continue" || answer == "none" || answer == "skip";
  };
  const auto rest = [&]() -> void {
    if (!note('M', c.mail(m.sender)) || m.end == 'M') return;
    if (!note('R', c.rcpt(m.recipient)) || m.end == 'R') return;
    if (!note('T', c.data()) || m.end == 'T') return;
    if (!note('L', c.header("X-Do", std::string(" ") + m.what)) || m.end == 'L') return;
    if (!note('N', c.end_of_headers()) || m.end == 'N') return;
    if (!note('B', c.body("hello\r\n")) || m.end == 'B') return;
    const auto end = c.end_of_message();
    for (const std::string& edit : end.edits) told << "   " << edit << "\n";
    note('E', end.verdict);
  };
  rest();
  if (resets) c.abort();
  return told.str();
}

MilterClient greeted(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  return c;
}

// The pairs whose second message is not told what a fresh session is.
std::vector<std::string> spoilt_pairs(const Daemon& daemon) {
  std::vector<std::string> spoilt;
  std::vector<std::string> fresh;
  for (const Message& m : kMessages) {
    MilterClient c = greeted(daemon);
    fresh.push_back(story(c, m, false));
  }
  for (const bool resets : {false, true}) {
    for (const Message& first : kMessages) {
      for (std::size_t second = 0; second < std::size(kMessages); ++second) {
        MilterClient c = greeted(daemon);
        story(c, first, resets);
        const std::string told = story(c, kMessages[second], resets);
        if (told != fresh[second])
          spoilt.push_back(std::string(first.name) + ", then " + kMessages[second].name +
                           (resets ? ", with RSET:\n" : ":\n") + told);
      }
    }
  }
  return spoilt;
}

TEST(SecondMessage, IsTreatedAsTheFirstOfASession) {
  for (const char* answer_at : {"answer_at: sender\n", "answer_at: recipient\n"}) {
    Daemon daemon({.rules = kRules, .sections = answer_at});
    for (const std::string& pair : spoilt_pairs(daemon)) ADD_FAILURE() << answer_at << pair;
  }
}

// The stories differ where they should, else the test above would compare nothing.
TEST(SecondMessage, HasAStoryOfItsOwnForEachVerdict) {
  Daemon daemon({.rules = kRules, .sections = "answer_at: sender\n"});
  std::set<std::string> stories;
  for (const Message& m : kMessages) {
    MilterClient c = greeted(daemon);
    stories.insert(story(c, m, false));
  }
  EXPECT_GE(stories.size(), 15U);
}

// A fault's refusal, which is to be repeated until the message is over, would last for ever.
TEST(SecondMessage, CouldNotBeWithoutTheReset) {
  for (const bool off : {false, true}) {
    std::vector<std::string> arguments = {"--test-fault", "data/exception/once"};
    if (off) arguments.insert(arguments.end(), {"--test-without", "reset"});
    Daemon daemon({.rules = kRules, .arguments = arguments});
    MilterClient c = greeted(daemon);
    const std::string refused = story(c, kMessages[0], true);
    EXPECT_NE(refused.find("451 4.3.0"), std::string::npos) << refused;
    MilterClient other = greeted(daemon);
    const std::string fresh = story(other, kMessages[0], true);
    EXPECT_EQ(story(c, kMessages[0], true) == fresh, !off);
  }
}

}  // namespace
}  // namespace postern::test
