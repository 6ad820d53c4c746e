#include "policy/limits/suggest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "policy/limits/peak_use.h"

namespace postern::limits {
namespace {

constexpr std::int64_t kStart = 1'780'000'000;

/// `key 1m 1h 24h`, a line each.
std::string told(PeakUse& use) {
  std::string out;
  for (const Peak& peak : use.peaks())
    out += fmt::format("{} {} {} {}\n", peak.key, peak.most[0], peak.most[1], peak.most[2]);
  return out;
}

TEST(PeakUse, IsTheMostWithinAnyWindow) {
  PeakUse use;
  for (int second : {0, 30, 59, 60, 90, 3600, 3659, 86'400 + 59}) use.add(kStart + second, "a", 1);
  use.add(kStart + 1, "b", 7);
  EXPECT_EQ(told(use), "a 3 5 7\nb 7 7 7\n");
  EXPECT_EQ(use.days(), 2u);
}

TEST(PeakUse, EndsAWindowExactly) {
  for (const std::int64_t length : {60, 3600, 86'400}) {
    PeakUse within, beyond;
    within.add(kStart, "a", 1);
    within.add(kStart + length - 1, "a", 1);
    beyond.add(kStart, "a", 1);
    beyond.add(kStart + length, "a", 1);
    const auto w = static_cast<std::size_t>(length == 60 ? 0 : length == 3600 ? 1 : 2);
    EXPECT_EQ(within.peaks()[0].most[w], 2) << length;
    EXPECT_EQ(beyond.peaks()[0].most[w], 1) << length;
  }
}

// The same as counting each window anew.
TEST(PeakUse, OfAnyTrafficIsWhatCountingShows) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    PeakUse use;
    std::map<std::string, std::vector<std::pair<std::int64_t, std::int64_t>>> all;
    std::int64_t now = kStart;
    for (int i = 0; i < 600; ++i) {
      now += std::uniform_int_distribution(0, round % 2 == 0 ? 400 : 30)(random);
      const std::int64_t time = now - std::uniform_int_distribution(0, 500)(random);  // in some disorder
      const std::string key = fmt::format("u{}", std::uniform_int_distribution(0, 2)(random));
      const std::int64_t amount = std::uniform_int_distribution(0, 9)(random);
      use.add(time, key, amount);
      all[key].emplace_back(time, amount);
    }
    for (const Peak& peak : use.peaks()) {
      for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
        std::int64_t most = 0;
        for (const auto& end : all[peak.key]) {
          std::int64_t sum = 0;
          for (const auto& [time, amount] : all[peak.key]) {
            if (time > end.first - kPeakWindows[w].count() && time <= end.first) sum += amount;
          }
          most = std::max(most, sum);
        }
        EXPECT_EQ(peak.most[w], most) << peak.key << " window " << w << " round " << round;
      }
    }
  }
}

TEST(PeakUse, OfAKeyThatComesLateIsExactWhereItsOwnOrderIs) {
  PeakUse use;
  use.add(kStart + 50'000, "a", 1);
  for (int i = 0; i < 10; ++i) use.add(kStart + i * 600, "b", 1);
  EXPECT_EQ(told(use), "a 1 1 1\nb 1 6 10\n");
  EXPECT_EQ(use.late(), 0u);
  PeakUse late;
  late.add(kStart + 50'000, "a", 1);
  late.add(kStart, "a", 1);
  late.add(kStart + 60'000, "a", 1);
  EXPECT_EQ(told(late), "a 1 1 3\n");
  EXPECT_EQ(late.late(), 0u) << "the first was not counted yet";
  late.add(kStart, "a", 1);
  late.peaks();
  EXPECT_EQ(late.late(), 1u);
}

TEST(PeakUse, IsBoundedWhateverComes) {
  PeakUse use;
  use.add(-1, "a", 1);
  use.add(INT64_MAX, "a", 1);
  use.add(kStart, "a", -5);
  EXPECT_EQ(use.left_out(), 3u);
  for (int i = 0; i < 100; ++i) use.add(kStart, "a", INT64_MAX);
  EXPECT_EQ(use.peaks()[0].most[2], 100'000'000'000'000);
  PeakUse many;
  for (std::size_t i = 0; i < PeakUse::kMostKeys + 5; ++i)
    many.add(kStart + static_cast<std::int64_t>(i), fmt::format("{}", i), 1);
  EXPECT_EQ(many.left_out(), 5u);
  EXPECT_EQ(many.peaks().size(), PeakUse::kMostKeys);
}

std::vector<Peak> peaks(int n, std::int64_t minute, std::int64_t hour, std::int64_t day) {
  std::vector<Peak> out;
  for (int i = 1; i <= n; ++i)
    out.push_back({.key = fmt::format("u{}", i), .most = {minute, hour * i / n, day * i / n}});
  return out;
}

std::string allow_of(const Suggestion& suggestion, Unit unit = Unit::recipients) {
  std::string out;
  for (const Allowance& allowance : suggestion.allow)
    out += (out.empty() ? "" : ", ") + suggested_text(allowance, unit);
  return out;
}

TEST(Suggest, AllowsWhatNearlyAllKeptTo) {
  const Suggestion s = suggest(peaks(1000, 4, 100, 1000), Unit::recipients, 1.5);
  EXPECT_EQ(allow_of(s), "10/1m, 200/1h, 2000/24h");  // 6, 150, 1492.5
  EXPECT_EQ(s.spread[2].p50, 500);
  EXPECT_EQ(s.spread[2].p95, 950);
  EXPECT_EQ(s.spread[2].p99, 990);
  EXPECT_EQ(s.spread[2].most, 1000);
  EXPECT_TRUE(s.hits.empty());
}

TEST(Suggest, NamesThoseThatItWouldHit) {
  std::vector<Peak> all = peaks(1000, 4, 20, 100);
  all[0] = {.key = "burst", .most = {500, 500, 500}};
  all[1] = {.key = "spammer", .most = {9, 1000, 50'000}};
  const Suggestion s = suggest(all, Unit::recipients, 1.5);
  EXPECT_EQ(allow_of(s), "10/1m, 50/1h, 200/24h");
  ASSERT_EQ(s.hits.size(), 2u);
  EXPECT_EQ(s.hits[0].key, "spammer");
  EXPECT_EQ(s.hits[0].used, 50'000);
  EXPECT_EQ(text_of(s.hits[0].allow), "200/24h");
  EXPECT_EQ(s.hits[1].key, "burst");
  EXPECT_EQ(text_of(s.hits[1].allow), "10/1m");
}

TEST(Suggest, LeavesOutWindowsThatSayNothing) {
  EXPECT_EQ(allow_of(suggest(peaks(1, 4, 4, 4), Unit::messages, 1.0)), "5/24h");
  EXPECT_EQ(allow_of(suggest(peaks(1, 1, 4, 40), Unit::messages, 1.0)), "1/1m, 5/1h, 50/24h");
  EXPECT_EQ(allow_of(suggest(peaks(1, 0, 0, 0), Unit::messages, 1.0)), "1/24h");
  EXPECT_EQ(allow_of(suggest({}, Unit::messages, 1.0)), "");
}

TEST(Suggest, RoundsBytesToWholeMegabytes) {
  EXPECT_EQ(allow_of(suggest(peaks(1, 100'000, 3'000'000, 90'000'000), Unit::bytes, 1.5), Unit::bytes),
            "1 MB/1m, 5 MB/1h, 200 MB/24h");
  EXPECT_EQ(allow_of(suggest(peaks(1, 1, 1, INT64_MAX / 2), Unit::bytes, 100), Unit::bytes).substr(0, 5), "1 MB/");
}

// What it prints can be read again.
TEST(Suggest, SpeaksTheLanguageOfAllow) {
  for (const Unit unit : {Unit::messages, Unit::bytes}) {
    for (const Allowance& allowance : suggest(peaks(50, 4, 100, 10'000'000), unit, 1.5).allow) {
      const auto read = parse_allowance(suggested_text(allowance, unit), {});
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(read->most, allowance.most);
      EXPECT_EQ(read->window, allowance.window);
    }
  }
}

}  // namespace
}  // namespace postern::limits
