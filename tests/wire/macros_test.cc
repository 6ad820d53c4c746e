// FAULTS T7: libmilter takes the texts of a macro packet for pairs without counting them.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "tests/support/sanitizers.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

using namespace std::string_literals;

constexpr char kRules[] = "  - {name: login, when: authenticated, reject: \"{login} may not\"}\n";
constexpr std::size_t kMegabyte = 1U << 20U;

std::string packet(char command, const std::string& data) {
  const std::uint32_t size = htonl(static_cast<std::uint32_t>(data.size() + 1));
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + command + data;
}

const std::string kNegotiation = packet('O', "\0\0\0\6\0\0\1\xff\0\x1f\xff\xff"s);

// A session by its packets.
const std::pair<char, std::string> kSession[] = {{'C', "mx.x.test\0"s + "4\x9c\x40"s + "8.8.8.8\0"s},
                                                 {'H', "mx.x.test\0"s},
                                                 {'M', "<a@x.test>\0"s},
                                                 {'R', "<r@site.test>\0"s},
                                                 {'T', ""},
                                                 {'L', "Subject\0 x\0"s},
                                                 {'N', ""},
                                                 {'B', "text\r\n"},
                                                 {'E', ""},
                                                 {'Q', ""}};

struct Form {
  std::string texts;
  bool paired;
};

const Form kForms[] = {
    {"", true},
    {"no NUL", true},
    {"i\0"s, false},
    {"i\0A1\0"s, true},
    {"i\0A1"s, false},
    {"i\0A1\0j"s, true},
    {"i\0A1\0j\0"s, false},
    {"{auth_authen}\0"s, false},
    {"a\0b\0{auth_authen}\0"s, false},
    {"\0"s, false},
    {"\0\0\0"s, false},
    {std::string(1001, '\0'), false},
    {std::string(100, 'a') + '\0', false},
};

// Everything until the daemon ends the session.
bool is_over(const MilterClient& c) {
  char bytes[4096];
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until)
    if (c.readable(100ms) && recv(c.fd(), bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return true;
  return false;
}

bool serves_anna(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  c.mail("<a@x.test>", {{"{auth_authen}", "anna"}});
  return c.rcpt("<r@site.test>").starts_with("550 5.7.1 anna may not (");
}

TEST(Macros, OfAnOddNumberOfTextsEndTheSessionAtEveryStep) {
  Daemon daemon({.rules = kRules});
  long odd = 0;
  for (const auto& [at, _] : kSession) {
    for (const Form& form : kForms) {
      for (const char step : {at, 'M'}) {
        MilterClient c = daemon.client();
        std::string bytes = kNegotiation;
        for (const auto& [command, data] : kSession) {
          if (command == at) bytes += packet('D', step + form.texts);
          bytes += packet(command, data);
        }
        c.raw(bytes);
        ASSERT_TRUE(is_over(c)) << at << step << form.texts;
        odd += form.paired ? 0 : 1;
      }
    }
    ASSERT_TRUE(daemon.alive()) << at;
    EXPECT_TRUE(serves_anna(daemon)) << at;
  }
  EXPECT_EQ(daemon.counter("milter.bad_macros"), odd);
  EXPECT_TRUE(daemon.counts("milter.sessions", 0));
  EXPECT_EQ(daemon.said("event=fault"), 0U);
}

TEST(Macros, MayBeAsLongAsAPacket) {
  Daemon daemon({.rules = kRules});
  const std::pair<std::string, long> cases[] = {{std::string(kMegabyte - 1, '\0'), 1},
                                                {std::string(kMegabyte - 2, '\0'), 1},
                                                {std::string(kMegabyte - 2, 'x') + '\0', 2},
                                                {std::string(kMegabyte + 1, '\0'), 2}};
  for (const auto& [texts, bad] : cases) {
    MilterClient c = daemon.client();
    c.greet();
    c.raw(packet('D', "M" + texts) + packet('M', "<a@x.test>\0"s) + packet('Q', ""));
    EXPECT_TRUE(is_over(c));
    EXPECT_TRUE(daemon.counts("milter.bad_macros", bad)) << texts.size();
  }
  EXPECT_TRUE(serves_anna(daemon));
}

TEST(Macros, AreCountedInWhateverPiecesTheyCome) {
  Daemon daemon({.rules = kRules});
  for (const bool odd : {false, true}) {
    MilterClient c = daemon.client();
    c.greet();
    const std::string macros = odd ? "M{auth_authen}\0anna\0i\0"s : "M{auth_authen}\0anna\0"s;
    for (const char byte : packet('D', macros) + packet('M', "<a@x.test>\0"s) + packet('R', "<r@site.test>\0"s)) {
      if (send(c.fd(), &byte, 1, MSG_NOSIGNAL) < 0) break;
      std::this_thread::sleep_for(1ms);
    }
    char command = 0;
    std::string answer;
    EXPECT_EQ(c.read_packet(command, answer), !odd);
    EXPECT_EQ(answer.starts_with("550 5.7.1 anna may not ("), !odd) << answer;
    EXPECT_EQ(daemon.counter("milter.bad_macros"), odd ? 1 : 0);
  }
}

// The list of fifteen texts gets the memory of a packet that was full of letters: behind its end they are read as an
// address. In one go, so that one thread of libmilter's reads all and nobody else has that memory.
MilterClient misled(const Daemon& daemon) {
  MilterClient c = daemon.client();
  c.greet();
  c.raw(packet('D', "M" + std::string(133, 'A') + "\0\0"s) + packet('D', "Ma\0b\0"s) +
        packet('D', "M" + std::string(15, '\0')) + packet('M', "<a@x.test>\0"s));
  return c;
}

TEST(Macros, WouldEndTheDaemonIfTheyWereNotCounted) {
#if defined(POSTERN_SANITIZES_ADDRESS) || defined(POSTERN_SANITIZES_THREAD)
  GTEST_SKIP() << "its memory is laid out otherwise";
#endif
  Daemon guarded({.rules = kRules});
  EXPECT_TRUE(is_over(misled(guarded)));
  EXPECT_TRUE(serves_anna(guarded));
  std::optional<int> status;
  for (int round = 0; round < 20 && !status; ++round) {  // what lies behind the list is a matter of luck
    Daemon daemon({.rules = kRules, .arguments = {"--test-without", "macro-pairs"}});
    const MilterClient c = misled(daemon);
    status = daemon.ended(2s);
  }
  EXPECT_GT(status.value_or(0), 128) << "by a signal";
}

}  // namespace
}  // namespace postern::test
