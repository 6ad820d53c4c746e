#include "policy/auth/dkim/tag_list.h"

#include <gtest/gtest.h>

#include <random>

#include "policy/auth/dkim/base64.h"

namespace postern::dkim {
namespace {

/// Each tag as "name<value>".
std::string read(std::string_view text) {
  const auto list = TagList::parse(text);
  if (!list) return "none";
  std::string out;
  for (const auto& tag : list->tags()) out += std::string(tag.name) + "<" + std::string(tag.value) + ">";
  return out;
}

TEST(DkimTagList, IsReadWithItsWhiteSpace) {  // RFC 6376 3.2
  EXPECT_EQ(read("a=b"), "a<b>");
  EXPECT_EQ(read(" a = b c ; d=\t;"), "a<b c>d<>");
  EXPECT_EQ(read("a\r\n\t=\r\n b\r\n c\r\n ;"), "a<b\r\n c>");
  EXPECT_EQ(read("a==b=;A=c"), "a<=b=>A<c>");
  EXPECT_EQ(read("a_1=b;;d=e; ;"), "a_1<b>d<e>");
  EXPECT_EQ(read("a=\xc3\xa9"), "a<\xc3\xa9>");
  EXPECT_EQ(TagList::parse("a= b ;c=d")->tags()[0].whole, " b ");
}

TEST(DkimTagList, IsNoneWhereItIsNotInOrder) {
  for (const std::string_view text :
       {"", " ", ";", "a", "a=b;c", "=b", "1=b", "_a=b", "a-b=c", "a b=c", "a=b;a=c", "a=b;\n a =c"})
    EXPECT_EQ(read(text), "none") << text;
  for (const char c : {'\0', '\x01', '\x0b', '\x1f', '\x7f'}) {
    EXPECT_EQ(read(std::string("a=b") + c), "none");
    EXPECT_EQ(read(std::string("a") + c + "=b"), "none");
    EXPECT_EQ(read(std::string("a=b;") + c), "none");
  }
}

TEST(DkimTagList, IsBounded) {  // FAULTS T31
  EXPECT_NE(read("a=" + std::string(kMostTagListBytes - 2, 'x')), "none");
  EXPECT_EQ(read("a=" + std::string(kMostTagListBytes - 1, 'x')), "none");
  std::string text;
  for (std::size_t i = 0; i < kMostTags; ++i) text += "t" + std::to_string(i) + "=;";
  EXPECT_NE(read(text), "none");
  EXPECT_EQ(read(text + "x="), "none");
}

TEST(DkimBase64, IsReadWithItsWhiteSpace) {  // RFC 6376 2.10
  EXPECT_EQ(decode_base64("Zm9v\r\n\tYg = ="), "foob");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm8"), "fo");
  EXPECT_EQ(decode_base64("Zg"), "f");
  for (const std::string_view text : {"Z", "Zm9vY", "Zm9=v", "Zg=", "Zm9v=", "Zg===", "=", "Zm-v", "Zm9v\x80", "Z*"})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  EXPECT_EQ(decode_base64(std::string_view("Zm9v\0", 5)), std::nullopt);
}

TEST(DkimBase64, ComesBackAsItWas) {
  std::mt19937 dice(3);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes;
    while (bytes.size() < size) bytes += static_cast<char>(dice());
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    EXPECT_EQ(encode_base64(bytes).size(), (size + 2) / 3 * 4);
  }
}

}  // namespace
}  // namespace postern::dkim
