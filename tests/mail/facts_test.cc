#include "policy/mail/facts.h"

namespace postern {
namespace {

std::string unfolded(std::string value) { return HeaderField{"X", std::move(value)}.unfolded(); }

TEST(HeaderField, Unfolds) {  // RFC 5322 2.2.3
  EXPECT_EQ(unfolded(" one\n two\r\n\tthree "), "one two\tthree");
  EXPECT_EQ(unfolded("one\n\n two"), "one two");
  EXPECT_EQ(unfolded("one\ntwo"), "one two");
  EXPECT_EQ(unfolded("one\rtwo\n"), "one two");
  EXPECT_EQ(unfolded("\n \n "), "");
  EXPECT_EQ(unfolded(""), "");
}

}  // namespace
}  // namespace postern
