#include "policy/accounts/callout/record.h"

#include "policy/accounts/callout/invented.h"

namespace postern::callout {
namespace {

TEST(Record, SurvivesItsText) {
  Record record = Record::made(Kind::missing, Cause::reply, "mx [8.8.8.1] RCPT: 550 no\r\nx\x1b[31m",
                               WallTime(std::chrono::seconds(1'800'000'000)), std::chrono::hours(2));
  record.was_missing = true;
  const auto again = Record::parse(record.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->text(), record.text());
  EXPECT_EQ(again->kind, Kind::missing);
  EXPECT_EQ(again->fresh_until, record.fresh_until);
  EXPECT_TRUE(again->was_missing);
  EXPECT_EQ(again->reason, "mx [8.8.8.1] RCPT: 550 no\\x0d\\x0ax\\x1b[31m");  // FAULTS T50
}

TEST(Record, AClockThatWasSetBackMakesNoNegativeAge) {
  const Record record =
      Record::made(Kind::exists, Cause::reply, "", WallTime(std::chrono::hours(10)), std::chrono::hours(2));
  EXPECT_EQ(record.verdict(WallTime(std::chrono::hours(9))).age.count(), 0);
}

TEST(Invented, NobodyCanGuessIt) {
  const std::string one = invented_local_part();
  EXPECT_EQ(one.size(), 26U);
  EXPECT_NE(one, invented_local_part());
  EXPECT_EQ(one.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
}

}  // namespace
}  // namespace postern::callout
