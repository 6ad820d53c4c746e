#include "policy/mail/field_value.h"

#include <random>

namespace postern {
namespace {

TEST(FieldValue, LeavesPlainTextAlone) { EXPECT_EQ(field_value("X-Note", "from a@b.example"), "from a@b.example"); }

TEST(FieldValue, FoldsAtBlanks) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "wort" + std::to_string(i) + " ";
  const std::string value = field_value("X-Note", text);
  std::size_t start = 0, column = 8;  // "X-Note: "
  for (std::size_t end; (end = value.find('\n', start)) != std::string::npos; start = end + 1, column = 0) {
    EXPECT_LE(column + end - start, 78u);
    EXPECT_EQ(value[end + 1], '\t');
  }
}

TEST(FieldValue, EncodesWhatIsNotAscii) {
  EXPECT_EQ(field_value("Subject", "Grüße"), "=?UTF-8?B?R3LDvMOfZQ==?=");
  EXPECT_EQ(field_value("Subject", "=?utf-8?q?forged?=").rfind("=?UTF-8?B?", 0), 0u);
}

TEST(FieldValue, SaysUtf8OnlyOfUtf8AndIsBounded) {
  EXPECT_EQ(field_value("X", "a\xff"), "=?UTF-8?B?Ye+/vQ==?=");
  for (const char* piece : {"\xc3\xbc", "\x80", "a", "ab "}) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += piece;
    EXPECT_LE(field_value("X", text).size(), 4000u);
  }
}

// FAULTS T17: whatever goes in, one field comes out.
TEST(FieldValue, IsOneFieldWhateverGoesIn) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text = "a\r\nX-Evil: 1\r\n\r\nbody";
    for (int k = 0; k < 60; ++k) text += static_cast<char>(random());
    const std::string value = field_value("X-Note", text);
    for (std::size_t k = 0; k < value.size(); ++k) {
      const auto c = static_cast<unsigned char>(value[k]);
      ASSERT_TRUE(c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f));
      if (c == '\n') {
        ASSERT_TRUE(k + 2 < value.size() && value[k + 1] == '\t' && value[k + 2] != '\n') << value;
      }
      if (c == '\t') {
        ASSERT_EQ(value[k - 1], '\n');
      }
    }
  }
}

TEST(FieldName, IsPrintableWithoutColon) {
  EXPECT_TRUE(is_field_name("X-Note"));
  for (const char* bad : {"", "a b", "a:b", "a\n", "\xc3\xa4"}) EXPECT_FALSE(is_field_name(bad));
}

}  // namespace
}  // namespace postern
