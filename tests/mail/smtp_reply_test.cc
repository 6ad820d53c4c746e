#include "policy/mail/smtp_reply.h"

namespace postern::smtp {
namespace {

struct Read {
  ReplyReader::State state;
  ServerReply reply;
  std::string problem;
  std::string rest;
};

// In pieces of `piece` bytes.
Read read(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  auto state = ReplyReader::State::more;
  while (state == ReplyReader::State::more && !bytes.empty()) {
    std::string_view front = bytes.substr(0, piece);
    const std::size_t size = front.size();
    state = reader.take(front);
    bytes.remove_prefix(size - front.size());
  }
  return {state, reader.reply(), reader.problem(), std::string(bytes)};
}

Read read(std::string_view bytes) {
  const Read whole = read(bytes, bytes.size());
  const Read single = read(bytes, 1);
  EXPECT_EQ(whole.state, single.state);
  EXPECT_EQ(whole.reply.lines, single.reply.lines);
  EXPECT_EQ(whole.rest, single.rest);
  return whole;
}

TEST(ReplyReader, ReadsOneReplyHoweverItArrives) {
  const Read one = read("250 ok\r\n");
  EXPECT_EQ(one.state, ReplyReader::State::done);
  EXPECT_EQ(one.reply.code, 250);
  EXPECT_EQ(one.reply.lines, std::vector<std::string>{"ok"});
  const Read more = read("550-5.1.1 no\r\n550-\r\n550\r\n250 next\r\n");
  EXPECT_EQ(more.reply.code, 550);
  EXPECT_EQ(more.reply.lines, (std::vector<std::string>{"5.1.1 no", "", ""}));
  EXPECT_EQ(more.rest, "250 next\r\n");
  EXPECT_EQ(read("250-a\r\n").state, ReplyReader::State::more);
}

TEST(ReplyReader, RefusesWhatCanBeReadInTwoWays) {
  const auto problem = [](std::string_view bytes) { return read(bytes).problem; };
  EXPECT_EQ(problem("250 ok\n"), "a bare LF in a reply");
  EXPECT_EQ(problem("250 a\rb\r\n"), "a bare CR in a reply");
  EXPECT_EQ(problem("250 a\r\r\n"), "a bare CR in a reply");
  EXPECT_EQ(problem(std::string_view("250 a\0\r\n", 8)), "NUL in a reply");
  EXPECT_EQ(problem("550-a\r\n250 b\r\n"), "the lines of a reply have different codes");
  EXPECT_EQ(problem("250ok\r\n"), "no blank behind the reply code");
  for (const char* text :
       {"\r\n", "25\r\n", "ok\r\n", "150 a\r\n", "650 a\r\n", "260 a\r\n", " 250 a\r\n", "2x0 a\r\n"})
    EXPECT_EQ(problem(text), "no reply code") << text;
}

TEST(ReplyReader, StopsAtItsLimits) {
  const auto lines = [](std::size_t n) {
    std::string text;
    for (std::size_t i = 1; i < n; ++i) text += "250-x\r\n";
    return text + "250 x\r\n";
  };
  EXPECT_EQ(read(lines(64)).state, ReplyReader::State::done);
  EXPECT_EQ(read(lines(65)).problem, "a reply has too many lines");
  const auto line = [](std::size_t bytes) { return "250 " + std::string(bytes - 6, 'x') + "\r\n"; };
  EXPECT_EQ(read(line(2048)).state, ReplyReader::State::done);
  EXPECT_EQ(read(line(2049)).problem, "a reply line is too long");
  std::string long_reply;
  for (int i = 0; i < 4; ++i) long_reply += "250-" + std::string(2042, 'x') + "\r\n";
  EXPECT_EQ(read(long_reply + "250 x\r\n").problem, "a reply is too long");
  EXPECT_EQ(read(std::string(1 << 20, 'x')).problem, "a reply line is too long");
}

std::string status(std::string_view bytes) {
  const EnhancedStatus found = enhanced_status(read(bytes).reply);
  switch (found.form) {
    case EnhancedStatus::Form::none: return "none";
    case EnhancedStatus::Form::contradictory: return "contradictory";
    case EnhancedStatus::Form::one: break;
  }
  return std::to_string(found.detail.subject) + "." + std::to_string(found.detail.detail);
}

TEST(EnhancedStatus, IsReadWhereItStands) {
  EXPECT_EQ(status("550 5.1.1 no\r\n"), "1.1");
  EXPECT_EQ(status("550 5.7.606\r\n"), "7.606");
  EXPECT_EQ(status("550-5.1.1 a\r\n550 5.1.1 b\r\n"), "1.1");
  EXPECT_EQ(status("550-a\r\n550 5.1.1 b\r\n"), "1.1");
  EXPECT_EQ(status("553 no mailbox (#5.1.1)\r\n"), "1.1");
  EXPECT_EQ(status("550 #5.1.0 Address rejected.\r\n"), "1.0");
  for (const char* text : {"550 no\r\n", "550 5.1 no\r\n", "550 5.1.1.1 no\r\n", "550 5.1234.1 no\r\n",
                           "550 3.1.1 no\r\n", "550 see 5.1.1\r\n", "550 #5\r\n", "550 5.1.12345\r\n"})
    EXPECT_EQ(status(text), "none") << text;
  EXPECT_EQ(status("550-5.1.1 a\r\n550 5.7.1 b\r\n"), "contradictory");
  EXPECT_EQ(status("550 4.1.1 a\r\n"), "contradictory");
  EXPECT_EQ(status("250 5.1.1 a\r\n"), "contradictory");
}

TEST(ServerReply, WouldCarryControlBytesIntoTheLog) {
  EXPECT_EQ(read("550 \x1b[31mb\r\n").reply.lines.front(), "\x1b[31mb");
}

TEST(ServerReply, IsPrintedInOneLine) {
  EXPECT_EQ(read("550-5.1.1 a\r\n550 \x1b[31mb\r\n").reply.printable_text(), "550 5.1.1 a / \\x1b[31mb");
  EXPECT_LE(read("550 " + std::string(2000, 'x') + "\r\n").reply.printable_text().size(), 203U);
}

}  // namespace
}  // namespace postern::smtp
