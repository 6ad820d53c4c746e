#include "milter/apply.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

Edit add(std::string name, std::string value) { return {Edit::Kind::add_header, std::move(name), std::move(value), 0}; }
Edit remove(std::string name, int index) { return {Edit::Kind::delete_header, std::move(name), {}, index}; }

TEST(InOrder, DeletesFromTheHighestIndexDownAndAddsLast) {
  std::string seen;
  for (const Edit& e :
       in_order({add("A", "1"), remove("X", 1), remove("Y", 2), add("B", "2"), remove("X", 3), remove("X", 2)})) {
    seen += e.name + (e.kind == Edit::Kind::delete_header ? std::to_string(e.index) : "+") + " ";
  }
  EXPECT_EQ(seen, "X3 Y2 X2 X1 A+ B+ ");
}

TEST(IsSound, LetsOneFieldThroughAndNothingElse) {
  EXPECT_TRUE(is_sound(add("X-Policy", "fine")));
  EXPECT_TRUE(is_sound(add("X-Policy", "folded\n\tproperly\n again")));
  EXPECT_TRUE(is_sound(add("X-Policy", "")));
  EXPECT_TRUE(is_sound(add("X-Policy", "gr\xc3\xbc\xc3\x9f")));
  for (const char* value : {"a\nBcc: x@y", "a\r\nBcc: x", "a\n\nbody", "a\n", "a\x01", "a\x7f", "\x1b[31m", "a\r b"})
    EXPECT_FALSE(is_sound(add("X", value))) << value;
  EXPECT_FALSE(is_sound(add("X", std::string("a\0b", 3))));
  for (const char* name : {"", "X Y", "X:Y", "X\n", "X\xc3\xbc", "X\t"}) EXPECT_FALSE(is_sound(add(name, "v"))) << name;
  EXPECT_TRUE(is_sound(add("X", std::string(60'000, 'v'))));
  EXPECT_FALSE(is_sound(add("X", std::string(60'001, 'v'))));
  EXPECT_TRUE(is_sound(remove("X", 1)));
  EXPECT_FALSE(is_sound(remove("X", 0)));
  EXPECT_FALSE(is_sound(remove("X", -1)));
}

TEST(WireValue, HasExactlyTheBlankThatWasAgreedOn) {
  EXPECT_EQ(wire_value("v", true), " v");
  EXPECT_EQ(wire_value("  v", true), " v");
  EXPECT_EQ(wire_value("v", false), "v");
  EXPECT_EQ(wire_value("\tv", false), "v");
  EXPECT_EQ(wire_value("", true), " ");
}

}  // namespace
}  // namespace postern
