// FAULTS T76, T68: what strangers get into the log, and what the daemon says when it is flooded or short of memory.

#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

// Line ends, escape sequences, C1 controls, a change of direction, quotes, something that looks like a field.
const std::string kHostile =
    "x\r\nevent=decision action=accept \x1b[2J\x07\x7f\xc2\x85\xe2\x80\xae\xff\"\\ client=203.0.113.9";

// What is wrong with a log, line by line: each is one event, without a byte that moves the cursor.
std::vector<std::string> faults_of(const std::string& log, bool json) {
  std::vector<std::string> faults;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) faults.push_back("a control byte: " + line);
    }
    for (const char* const mark : {"\xc2\x85", "\xe2\x80\xae", "\xff"}) {
      if (line.find(mark) != std::string::npos) faults.push_back("a hidden mark: " + line);
    }
    const bool is_event = json ? nlohmann::json::accept(line) : line.starts_with("event=");
    if (!is_event) faults.push_back("no event: " + line);
    if (!json && line.find(" client=203.0.113.9") < line.find('"')) faults.push_back("a made field: " + line);
  }
  return faults;
}

void send_hostile_messages(const Daemon& daemon) {
  for (const std::string& text : {kHostile, std::string(10'000, '\x1b'), std::string(5000, '"')}) {
    MilterClient c = daemon.client();
    c.negotiate();
    c.connect({.name = text,
               .ip = "192.0.2.1",
               .port = 1,
               .family = '4',
               .macros = {{"{daemon_name}", text}, {"{client_ptr}", text}}});
    c.helo(text);
    c.mail("<" + text + "@x.test>", {{"{auth_authen}", text}, {"i", text}}, {"SIZE=" + text});
    c.rcpt("<" + text + "@site.test>");
    c.data();
    c.header("Subject", " " + text);
    c.header(text, text);
    c.end_of_headers();
    c.end_of_message(text);
  }
}

TEST(WireLog, KeepsOneLineAnEventWhateverStrangersSend) {
  for (const bool json : {false, true}) {
    Daemon daemon(
        {.rules =
             "  - {name: note, when: 'header.Subject contains \"x\"', log: \"{helo} {sender} {header.Subject}\"}\n",
         .sections = json ? "log: {form: json}\n" : "log: {form: logfmt}\n",
         .wait_until_ready = false});
    ASSERT_TRUE(daemon.says("ready"));
    send_hostile_messages(daemon);
    EXPECT_TRUE(daemon.counts("milter.sessions", 0));
    EXPECT_EQ(daemon.said(json ? "\"event\":\"decision\"" : "event=decision level"), 3U) << daemon.log();
    for (const std::string& fault : faults_of(daemon.log(), json)) ADD_FAILURE() << fault;
  }
}

TEST(WireLog, WouldShowWhatIsNotEscaped) {
  EXPECT_FALSE(faults_of("event=decision helo=" + kHostile + "\n", false).empty());
  EXPECT_FALSE(faults_of("{\"event\":\"decision\",\"helo\":\"" + kHostile + "\"}\n", true).empty());
  EXPECT_FALSE(faults_of("event=decision helo=x client=203.0.113.9 text=\"\"\n", false).empty());
}

TEST(WireLog, IsNotFilledByAFloodOfFaults) {
  for (const bool off : {false, true}) {
    std::vector<std::string> arguments = {"--test-fault", "mail"};
    if (off) arguments.insert(arguments.end(), {"--test-without", "log-limit"});
    Daemon daemon({.arguments = arguments});
    MilterClient c = daemon.client();
    c.greet();
    for (int i = 0; i < 400; ++i) {
      EXPECT_TRUE(c.message("<a@x.test>", "<r@site.test>").starts_with("451 4.3.0")) << i;
      c.abort();
    }
    c.quit();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.ended(), 0);
    if (off) {
      EXPECT_EQ(daemon.said("event=fault"), 400U);
    } else {
      EXPECT_LT(daemon.said("event=fault"), 400U);
      EXPECT_GE(daemon.said("event=suppressed level=warning class=fault/callback count="), 1U) << daemon.log();
    }
  }
}

// T68: with 1 MiB allowed the process is near its limit at once.
TEST(WireLog, PutsMessagesOffWhenMemoryIsShort) {
  for (const bool off : {false, true}) {
    std::vector<std::string> arguments = {"--test-memory", "1048576"};
    if (off) arguments.insert(arguments.end(), {"--test-without", "memory-guard"});
    Daemon daemon({.sections = "answer_at: sender\n", .arguments = arguments});
    MilterClient c = daemon.client();
    c.greet();
    const auto answer = [&] {
      c.abort();
      return c.message("<a@x.test>", "<r@site.test>");
    };
    if (off) {
      EXPECT_EQ(answer(), "continue");
      EXPECT_EQ(daemon.said("part=memory"), 0U);
    } else {
      EXPECT_TRUE(daemon.says("event=fault level=error part=memory"));
      EXPECT_TRUE(comes_true(10s, [&] { return answer() == "451 4.3.2 Too busy, try again later"; }));
      EXPECT_GT(daemon.counter("milter.shed.memory"), 0);
    }
  }
}

}  // namespace
}  // namespace postern::test
