#include "policy/limits/allowance.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

const Place kHere{"postern.yaml", 7, 3};

AllowanceText read(std::string_view text) {
  const Result<AllowanceText> result = parse_allowance(text, kHere);
  EXPECT_TRUE(result) << text;
  return result ? *result : AllowanceText{};
}

std::string trouble(std::string_view text) {
  const Result<AllowanceText> result = parse_allowance(text, kHere);
  EXPECT_FALSE(result) << text;
  if (result) return {};
  EXPECT_EQ(result.error().where, kHere);
  return result.error().message;
}

TEST(Allowance, IsANumberAndAWindow) {
  EXPECT_EQ(read("500/24h").most, 500);
  EXPECT_EQ(read("500/24h").window, 24h);
  EXPECT_EQ(read(" 30 / 1m ").window, 1min);
  EXPECT_EQ(read("10/1w").window, 168h);
  EXPECT_EQ(read("1/1s").window, 1s);
  EXPECT_EQ(read("1/31d").window, 744h);
  EXPECT_EQ(read("0/1h").most, 0);
  EXPECT_EQ(read("25 MB/1h").most, 25 << 20);
}

TEST(Allowance, MayHaveABurst) {
  EXPECT_EQ(read("30/1m burst 10").burst, 10);
  EXPECT_FALSE(read("30/1m").burst);
}

TEST(Allowance, MayComeFromAFact) {
  EXPECT_EQ(read("account.daily/24h").fact, "account.daily");
  EXPECT_EQ(read("account.daily/24h burst 5").burst, 5);
}

TEST(Allowance, TellsWhatIsWrong) {
  EXPECT_NE(trouble("500/0h").find("from 1s to 31d"), std::string::npos);
  EXPECT_NE(trouble("-1/1h").find("less than nothing"), std::string::npos);
  EXPECT_NE(trouble("5/1y").find("no length of time"), std::string::npos);
  EXPECT_NE(trouble("5/32d").find("from 1s to 31d"), std::string::npos);
  EXPECT_NE(trouble("5/9999999999999999999h").find("no length of time"), std::string::npos);
  EXPECT_NE(trouble("500").find("without a window"), std::string::npos);
  EXPECT_NE(trouble("many/1h").find("no number"), std::string::npos);
  EXPECT_NE(trouble("5 apples/1h").find("no number"), std::string::npos);
  EXPECT_NE(trouble("99999999999999 GB/1h").find("more than can be counted"), std::string::npos);
  EXPECT_NE(trouble("30/1m burst 0").find("no burst"), std::string::npos);
  EXPECT_NE(trouble("30/1m burst 31").find("more than is allowed at all"), std::string::npos);
  EXPECT_NE(trouble("30/1m later").find("not understood"), std::string::npos);
  EXPECT_NE(trouble("").find("500/24h"), std::string::npos);  // the hint
}

TEST(Allowance, IsWrittenAsItIsRead) {
  for (const std::string_view text : {"500/24h", "30/1m burst 10", "7/90s", "3/2d"}) {
    const AllowanceText a = read(text);
    EXPECT_EQ(text_of({a.most, a.window, a.burst}), text);
  }
}

TEST(Slots, AreAtMostAPartOfTheWindow) {
  EXPECT_EQ(slot_of(1min), 1s);
  EXPECT_EQ(slot_of(1h), 1min);
  EXPECT_EQ(slot_of(24h), 15min);  // FIELD 2.6: 96 slots
  EXPECT_EQ(slot_of(720h), 6h);    // FIELD 2.6: 120 slots
  EXPECT_EQ(slot_of(1s), 17ms);
}

TEST(Units, HaveTheNamesOfTheLanguage) {
  EXPECT_EQ(parse_unit("refused-recipients"), Unit::refused_recipients);
  EXPECT_FALSE(parse_unit("mails"));
}

}  // namespace
}  // namespace postern::limits
