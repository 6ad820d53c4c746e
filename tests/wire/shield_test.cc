// FAULTS T1: a fault in any callback, at any stage of the dialogue, costs its message a 451 at most, and nothing else.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <functional>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

constexpr const char* kInternal = "451 4.3.0 Internal error, try again later";
// Asks for every step, waits for an answer at each, and looks a sender up.
constexpr const char* kAsksForAll =
    "  - {name: null-mx, when: sender-domain is null-mx, reject: true}\n"
    "  - {name: size, when: 'size > 100 MB', reject: true}\n"
    "  - {name: many, when: recipients.count > 50, reject: true}\n"
    "  - {name: subject, when: 'header.Subject contains \"needle\"', reject: true}\n"
    "  - {name: mark, when: 'sender == \"mark@x.test\"', add_header: {X-Mark: \"yes\"}}\n";
constexpr const char* kZone = "x.test. MX 10 mx.x.test.\nmx.x.test. A 198.51.100.25\n";

// `option` added to what the sanitizer is told already, as the races of libmilter that it may not tell of.
std::string told(const std::string& sanitizer, const std::string& option) {
  const char* const already = std::getenv(sanitizer.c_str());
  return sanitizer + "=" + (already == nullptr ? "" : std::string(already) + " ") + option;
}

Daemon::Setup failing(std::vector<std::string> arguments) {
  return {.rules = kAsksForAll,
          .sections = "answer_at: sender\n",
          .zone = kZone,
          .arguments = std::move(arguments),
          .environment = {told("ASAN_OPTIONS", "handle_abort=0"), told("TSAN_OPTIONS", "handle_abort=0")}};
}

std::string whole_message(MilterClient& c) { return c.message("<a@x.test>", "<r@site.test>"); }

// Messages that are given up after each step, then a whole one.
std::string whole_message_after_others(Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  c.abort();
  const std::function<std::string()> steps[] = {[&] { return c.mail("<a@x.test>"); },
                                                [&] { return c.rcpt("<r@site.test>"); },
                                                [&] { return c.data(); },
                                                [&] { return c.header("Subject", " x"); },
                                                [&] { return c.end_of_headers(); },
                                                [&] { return c.body("x\r\n"); }};
  for (std::size_t length = 1; length <= std::size(steps); ++length) {
    for (std::size_t i = 0; i < length; ++i) {
      const std::string answer = steps[i]();
      if (answer != "continue" && answer != "none") break;  // refused: the MTA asks no further
    }
    c.abort();
  }
  c.helo("again.example");
  const std::string answer = whole_message(c);
  c.abort();
  c.quit();
  return answer;
}

TEST(Shield, OutlivesEveryKindOfFaultInEveryCallback) {
  for (const std::string step : {"connect", "helo", "mail", "rcpt", "data", "header", "end-of-headers", "body",
                                 "end-of-message", "abort", "close"}) {
    const bool costs_nothing = step == "helo" || step == "abort" || step == "close";  // HELO is taken again at MAIL
    for (const std::string kind : {"exception", "memory", "odd"}) {
      Daemon daemon(failing({"--test-fault", step + "/" + kind}));
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(whole_message_after_others(daemon), costs_nothing ? "continue" : kInternal) << step << " " << kind;
      }
      EXPECT_TRUE(daemon.says("event=fault level=error part=callback step=" + step)) << daemon.log();
      EXPECT_TRUE(daemon.counts("milter.sessions", 0)) << step << " " << kind;
      daemon.signal(SIGTERM);
      EXPECT_EQ(daemon.ended(), 0) << step << " " << kind << daemon.log();
    }
  }
}

TEST(Shield, TurnsAwayASessionThatCannotBeNegotiated) {
  for (const char* kind : {"exception", "memory", "odd"}) {
    Daemon daemon(failing({"--test-fault", std::string("negotiate/") + kind + "/once"}));
    MilterClient c = daemon.client();
    EXPECT_FALSE(c.negotiate().answered);
    EXPECT_FALSE(c.timed_out());
    EXPECT_EQ(whole_message_after_others(daemon), "continue") << kind;
  }
}

// After one fault the connection serves its next message as if nothing had been.
TEST(Shield, ServesTheNextMessageOfTheConnection) {
  for (const char* step : {"mail", "rcpt", "data", "header", "end-of-headers", "body", "end-of-message", "edit"}) {
    Daemon daemon(failing({"--test-fault", std::string(step) + "/exception/once"}));
    MilterClient c = daemon.client();
    c.greet();
    EXPECT_EQ(c.message("<mark@x.test>", "<r@site.test>"), kInternal) << step;
    EXPECT_EQ(whole_message(c), "continue") << step;
  }
}

// The n-th look at the clock within a callback throws, for each n: in the middle of the engine's work.
TEST(Shield, OutlivesFaultsInTheMiddleOfJudging) {
  for (const std::string step : {"mail", "rcpt", "end-of-headers", "end-of-message", "abort"}) {
    int faults = 0;
    for (bool fails = true; fails && faults < 30;) {
      Daemon daemon(failing({"--test-fault", step + "/judging" + std::to_string(faults + 1)}));
      const std::string answer = whole_message_after_others(daemon);
      EXPECT_TRUE(daemon.counts("milter.sessions", 0));
      fails = daemon.said("made to fail while judging") > 0;
      EXPECT_TRUE(answer == "continue" || answer == kInternal) << answer;
      EXPECT_TRUE(fails || answer == "continue") << step << faults;
      if (fails) ++faults;
      EXPECT_TRUE(daemon.alive()) << step << faults;
    }
    EXPECT_GE(faults, 1) << step;
    EXPECT_LT(faults, 30) << step;
  }
}

TEST(Shield, CouldNotDoSoWithoutIt) {
  for (const std::string step : {"negotiate", "connect", "helo", "mail", "rcpt", "data", "header", "end-of-headers",
                                 "body", "end-of-message", "abort", "close"}) {
    Daemon daemon(failing({"--test-fault", step, "--test-without", "shield"}));
    whole_message_after_others(daemon);
    EXPECT_EQ(daemon.ended(), 128 + SIGABRT) << step;
  }
}

}  // namespace
}  // namespace postern::test
