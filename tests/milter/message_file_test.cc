#include "milter/cli/message_file.h"

#include <gtest/gtest.h>

namespace postern::cli {
namespace {

TEST(MessageFile, ShowsAMessageAsAnMtaDoes) {
  const MessageFile m =
      parse_message("From someone Sat\nFrom: a@b.example\nSubject:x\n\tfolded\n more\n\nline\n.dot\r\nlast");
  ASSERT_EQ(m.headers.size(), 2U);
  EXPECT_EQ(m.headers[0].name, "From");
  EXPECT_EQ(m.headers[0].value, " a@b.example");
  EXPECT_EQ(m.headers[1].value, "x\n\tfolded\n more");
  EXPECT_EQ(m.body, "line\r\n.dot\r\nlast\r\n");
  EXPECT_EQ(m.first("subject"), "x\tfolded more");
  EXPECT_FALSE(m.first("To"));
}

TEST(MessageFile, TakesAnythingForAMessage) {
  EXPECT_EQ(parse_message("").headers.size(), 0U);
  EXPECT_EQ(parse_message("\n").body, "");
  EXPECT_EQ(parse_message("no header at all").body, "no header at all\r\n");
  EXPECT_EQ(parse_message(" folded first\n").body, " folded first\r\n");
  EXPECT_EQ(parse_message(": empty name\n\nb").headers.size(), 0U);
  EXPECT_EQ(parse_message(std::string("A: b\0c\r\n\r\nx\0y", 14)).headers.at(0).value, std::string(" b\0c", 4));
}

}  // namespace
}  // namespace postern::cli
