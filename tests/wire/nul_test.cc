// FAULTS T25: a NUL at any place of a message on the wire. libmilter ends a text at it where it hands one over; whatever
// is left, the message has one outcome, and the next one is not touched by it.

#include <gtest/gtest.h>

#include <functional>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

struct Message {
  std::string helo = "mx.client.example", sender = "<a@x.test>", recipient = "<r@site.test>", from = " Anna <a@x.test>",
              body = "line\r\n.\r\n";
};

// The answer that ends it.
std::string say(MilterClient& c, const Message& message) {
  const auto goes_on = [](const std::string& answer) {
    return answer == "continue" || answer == "none" || answer == "skip";
  };
  const std::function<std::string()> steps[] = {[&] { return c.helo(message.helo); },
                                                [&] { return c.mail(message.sender); },
                                                [&] { return c.rcpt(message.recipient); },
                                                [&] { return c.data(); },
                                                [&] { return c.header("From", message.from); },
                                                [&] { return c.end_of_headers(); },
                                                [&] { return c.body(message.body); }};
  for (const auto& step : steps) {
    const std::string answer = step();
    if (goes_on(answer)) continue;
    c.abort();
    return answer;
  }
  return c.end_of_message().verdict;
}

bool is_taken(const std::string& answer) { return answer == "accept" || answer == "continue"; }

TEST(NulOnTheWire, LeavesEveryMessageOneOutcome) {
  Daemon daemon({.rules = "  - {name: author, when: 'from-domain is [malformed, nxdomain]', reject: true}\n"
                          "  - {name: greeting, when: 'helo-name is ourselves and size > 1 MB', reject: true}\n",
                 .zone = "x.test. MX 10 mx.x.test.\nmx.x.test. A 8.8.8.1\n"});
  MilterClient c = daemon.client();
  c.greet();
  const Message plain;
  std::size_t messages = 0;
  for (std::string Message::*text :
       {&Message::helo, &Message::sender, &Message::recipient, &Message::from, &Message::body}) {
    for (std::size_t i = 0; i <= (plain.*text).size(); ++i) {
      Message message = plain;
      (message.*text).insert(i, 1, '\0');
      const std::string answer = say(c, message);
      EXPECT_TRUE(is_taken(answer) || answer.starts_with("550 5.")) << answer << " at " << i << " of " << plain.*text;
      ASSERT_TRUE(is_taken(say(c, plain))) << "after a NUL at " << i << " of " << plain.*text;
      messages += 2;
    }
  }
  EXPECT_GT(messages, 100u);
  EXPECT_TRUE(is_taken(say(c, plain)));
  EXPECT_EQ(daemon.said("event=decision"), messages + 1);
  EXPECT_TRUE(daemon.alive());
}

}  // namespace
}  // namespace postern::test
