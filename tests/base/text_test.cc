#include "policy/base/text.h"

namespace postern {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(printable("a b~"), "a b~");
  EXPECT_EQ(printable("Sở Nội vụ"), "Sở Nội vụ");
}

TEST(Printable, ShowsWhatWouldMoveTheCursorOrTheLine) {
  EXPECT_EQ(printable("a\r\nb"), "a\\x0d\\x0ab");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "fdp"),
            "\\u{202e}fdp");
  EXPECT_EQ(printable("\xc2\x85"), "\\x85");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
}

TEST(Printable, CutsWhatIsTooLong) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_LE(printable(std::string(100000, '\x01'), 200).size(), 210u);
}

TEST(ReplaceInvalidUtf8, KeepsTheRest) {
  EXPECT_EQ(replace_invalid_utf8("aü"), "aü");
  EXPECT_EQ(replace_invalid_utf8("a\xff"
                                 "b\xc3"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

TEST(Fold, IsUnicodeDefaultCaseFolding) {
  EXPECT_EQ(fold("MiXed"), "mixed");
  EXPECT_EQ(fold("STRASSE"), fold("Straße"));
  EXPECT_EQ(fold("ΣΑΣ"), fold("σας"));
  EXPECT_EQ(fold("\xff"
                 "A\xff"),
            fold("\xff"
                 "a\xff"));
}

TEST(Closest, FindsWhatAPersonMayHaveMeant) {
  const std::vector<std::string> words{"fail", "softfail", "neutral"};
  EXPECT_EQ(closest("failed", words), "fail");
  EXPECT_EQ(closest("SOFTFIAL", words), "softfail");
  EXPECT_EQ(closest("xyzzy", words), std::nullopt);
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a..b", '.'), testing::ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", '.'), testing::ElementsAre(""));
}

}  // namespace
}  // namespace postern
