#include "policy/limits/likeness.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <string_view>

namespace postern::limits {
namespace {

constexpr std::string_view kInvoice =
    "Dear customer, your invoice of this month could not be paid from your account. Please check the payment details "
    "in the "
    "attached document and confirm them within three days, otherwise we must close the access to your services. Kind "
    "regards, the accounting department of your provider.";
constexpr std::string_view kHoliday =
    "Hello everybody, the pictures from our walk along the river are ready. Somebody found a yellow umbrella behind "
    "the "
    "bench near the bakery; whoever misses it may collect it from my kitchen. Next time we should really bring more "
    "cake, "
    "since the children finished everything before noon.";

int differ(std::uint64_t a, std::uint64_t b) { return std::popcount(a ^ b); }
int shared_bands(std::uint64_t a, std::uint64_t b) {
  int shared = 0;
  for (unsigned band = 0; band < 4; ++band) shared += ((a ^ b) >> (16 * band) & 0xffff) == 0 ? 1 : 0;
  return shared;
}
std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  out.replace(out.find(from), from.size(), to);
  return out;
}

TEST(Likeness, IsNothingWithoutWords) {
  EXPECT_EQ(likeness(""), 0U);
  EXPECT_EQ(likeness("12 / 34 -- a b !"), 0U);
  EXPECT_NE(likeness("word"), 0U);
}

TEST(Likeness, DoesNotSeeCaseDigitsAndLayout) {
  EXPECT_EQ(likeness("Invoice 4711 of March"), likeness("INVOICE\r\n 0815 of march!"));
}

TEST(Likeness, OfAlikeTextsDiffersInFewBits) {
  const std::uint64_t a = likeness(kInvoice);
  const std::uint64_t b = likeness(replaced(kInvoice, "customer", "Franziska"));
  EXPECT_LE(differ(a, b), 8);
  EXPECT_GE(shared_bands(a, b), 1);
  EXPECT_LE(differ(a, likeness(replaced(kInvoice, "three days", "five hours"))), 8);
}

TEST(Likeness, OfUnlikeTextsDiffersInMany) {
  EXPECT_GE(differ(likeness(kInvoice), likeness(kHoliday)), 18);
  EXPECT_EQ(shared_bands(likeness(kInvoice), likeness(kHoliday)), 0);
}

TEST(Likeness, DoesNotDependOnChunks) {
  for (std::size_t size = 1; size < 80; ++size) {
    BodyLikeness body;
    for (std::size_t i = 0; i < kInvoice.size(); i += size) body.add(kInvoice.substr(i, size));
    EXPECT_EQ(body.value(), likeness(kInvoice)) << size;
  }
}

TEST(Likeness, MayBeAskedForInBetween) {
  BodyLikeness body;
  body.add("some words to beg");
  EXPECT_EQ(body.value(), likeness("some words to beg"));
  body.add("in with");
  EXPECT_EQ(body.value(), likeness("some words to begin with"));
}

TEST(Likeness, ReadsTheFirst64KiB) {
  std::string text;
  while (text.size() < (64U << 10)) text += "lorem ipsum ";
  text.resize(64U << 10);
  EXPECT_EQ(likeness(text + "another text altogether"), likeness(text));
  text.resize(text.size() - 24);
  EXPECT_NE(likeness(text + "another text altogether"), likeness(text));
}

TEST(Likeness, TakesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
  EXPECT_EQ(likeness(bytes), likeness(std::string_view(bytes).substr(0, 64U << 10)));
  EXPECT_NE(likeness(std::string(1'000'000, 'x')), 0U);
}

}  // namespace
}  // namespace postern::limits
