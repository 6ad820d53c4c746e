#include "policy/mail/reply.h"

#include <random>

namespace postern {
namespace {

TEST(Reply, FitsTheCodeToTheClass) {
  const auto code = [](ReplyClass reply_class, int asked) {
    return Reply::make(reply_class, asked, {7, 1}, "x").code();
  };
  EXPECT_EQ(code(ReplyClass::permfail, 550), 550);
  EXPECT_EQ(code(ReplyClass::tempfail, 550), 450);
  EXPECT_EQ(code(ReplyClass::tempfail, 552), 452);
  EXPECT_EQ(code(ReplyClass::tempfail, 554), 451);
  EXPECT_EQ(code(ReplyClass::tempfail, 556), 450);
  EXPECT_EQ(code(ReplyClass::permfail, 451), 550);
  EXPECT_EQ(code(ReplyClass::permfail, 452), 552);
  EXPECT_EQ(code(ReplyClass::tempfail, 421), 421);
  EXPECT_EQ(code(ReplyClass::permfail, 421), 550);
  EXPECT_EQ(code(ReplyClass::tempfail, 250), 451);
  EXPECT_EQ(code(ReplyClass::permfail, 0), 550);
  EXPECT_EQ(code(ReplyClass::permfail, -1), 550);
}

TEST(Reply, SpeaksItsStatusInTheClassOfTheCode) {
  EXPECT_EQ(Reply::make(ReplyClass::tempfail, 550, {7, 23}, "x").status_text(), "4.7.23");
  EXPECT_EQ(Reply::make(ReplyClass::permfail, 450, {7, 23}, "x").status_text(), "5.7.23");
  EXPECT_EQ(Reply::make(ReplyClass::permfail, 550, {65535, 1}, "x").status_text().size(),
            7u);  // RFC 3463 2: three digits
}

TEST(Reply, PutsTheIdBehindTheLastLine) {
  const Reply reply =
      Reply::make(ReplyClass::permfail, 550, {1, 8}, std::string(100'000, 'x')).with_id("0123456789abcdef0123456789");
  EXPECT_EQ(reply.lines().size(), 10u);
  EXPECT_LE(reply.lines().back().size(), 480u);
  EXPECT_EQ(reply.text().back(), ')');
}

// What a client reads of `reply`, line by line as RFC 5321 4.2.1 writes it: "code-status text" / "code status text".
void expect_parses_back(const Reply& reply, ReplyClass reply_class) {
  ASSERT_FALSE(reply.lines().empty());
  ASSERT_LE(reply.lines().size(), 10u);
  for (const std::string& line : reply.lines()) {
    const std::string wire = reply.code_text() + '-' + reply.status_text() + ' ' + line;
    ASSERT_LE(wire.size() + 2, 512u);  // RFC 5321 4.5.3.1.5
    ASSERT_FALSE(line.empty());
    for (const char c : wire) ASSERT_TRUE(c >= 0x20 && c < 0x7f) << wire;
    int code = 0, digit = 0, subject = 0, detail = 0;
    ASSERT_EQ(std::sscanf(wire.c_str(), "%3d-%1d.%3d.%3d ", &code, &digit, &subject, &detail), 4) << wire;
    ASSERT_EQ(code, reply.code());
    ASSERT_EQ(code / 100, static_cast<int>(reply_class));
    ASSERT_EQ(digit, code / 100);
  }
}

TEST(Reply, ParsesBackWhateverTheText) {  // FAULTS T4
  std::mt19937 random(3);                 // NOLINT: the same texts in every run
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % (i % 100 == 0 ? 6000 : 60); n > 0; --n) {
      const auto c = static_cast<unsigned>(random() % 0x110000);
      switch (random() % 3) {
        case 0: text += static_cast<char>(random()); break;
        case 1: text += static_cast<char>(c % 0x80); break;
        default:
          for (const unsigned b :
               {0xf0u | (c >> 18), 0x80u | (c >> 12 & 0x3f), 0x80u | (c >> 6 & 0x3f), 0x80u | (c & 0x3f)}) {
            text += static_cast<char>(b);
          }
      }
    }
    const ReplyClass reply_class = random() % 2 == 0 ? ReplyClass::tempfail : ReplyClass::permfail;
    const Detail status{static_cast<std::uint16_t>(random()), static_cast<std::uint16_t>(random())};
    const Reply reply = Reply::make(reply_class, static_cast<int>(random() % 1000), status, text);
    ASSERT_NO_FATAL_FAILURE(expect_parses_back(reply, reply_class)) << i;
    ASSERT_NO_FATAL_FAILURE(expect_parses_back(reply.with_id("4F2ABCDE"), reply_class)) << i;
  }
}

}  // namespace
}  // namespace postern
