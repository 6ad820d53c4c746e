#include "policy/base/log_limit.h"

#include "policy/base/log.h"

namespace postern {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{};

TEST(LogLimit, AdmitsSoManyOfAClassAndTellsTheRest) {
  LogLimit limit;
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += limit.admits("fault/callback", kStart + 1s) ? 1 : 0;
  EXPECT_EQ(admitted, LogLimit::kMost);
  EXPECT_TRUE(limit.admits("fault/files", kStart + 1s));  // another class
  EXPECT_TRUE(limit.take(kStart + 10s).empty());
  const auto suppressed = limit.take(kStart + 11s);
  ASSERT_EQ(suppressed.size(), 1U);
  EXPECT_EQ(suppressed[0].what, "fault/callback");
  EXPECT_EQ(suppressed[0].count, 900);
  EXPECT_TRUE(limit.take(kStart + 12s).empty());
  EXPECT_TRUE(limit.admits("fault/callback", kStart + 12s));
}

TEST(LogLimit, KeepsFewClasses) {
  LogLimit limit;
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) admitted += limit.admits(std::to_string(i), kStart) ? 1 : 0;
  EXPECT_EQ(admitted, static_cast<int>(LogLimit::kMaxClasses) + LogLimit::kMost);
}

TEST(Log, LimitsComplaintsAndNoDecisions) {
  for (const bool limits : {true, false}) {
    Log log(LogForm::logfmt, LogLevel::info, limits);
    testing::internal::CaptureStderr();
    for (int i = 0; i < 300; ++i) {
      log.write(Event{"fault", LogLevel::error, {}}.add("part", std::string("callback")));
      log.write(Event{"decision", LogLevel::info, {}});
    }
    log.tell_suppressed();
    log.tell_suppressed(true);
    const std::string text = testing::internal::GetCapturedStderr();
    const auto lines = [&text](const std::string& begin) {
      std::size_t count = 0;
      for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) ++count;
      return count;
    };
    EXPECT_EQ(lines("event=fault"), limits ? 100U : 300U);
    EXPECT_EQ(lines("event=decision"), 300U);
    EXPECT_EQ(lines("event=suppressed level=warning class=fault/callback count=200\n"), limits ? 1U : 0U);
  }
}

}  // namespace
}  // namespace postern
