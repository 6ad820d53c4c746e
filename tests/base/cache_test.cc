#include "policy/base/cache.h"

namespace postern {
namespace {

TEST(Cache, ForgetsWhatWasUsedLongestAgo) {
  Cache<std::string, int> cache(2);
  const SteadyTime now{}, later = now + std::chrono::hours(1);
  EXPECT_FALSE(cache.put("a", 1, later));
  EXPECT_FALSE(cache.put("b", 2, later));
  EXPECT_EQ(cache.get("a", now), 1);
  EXPECT_TRUE(cache.put("c", 3, later));
  EXPECT_EQ(cache.get("b", now), std::nullopt);
  EXPECT_EQ(cache.get("a", now), 1);
  EXPECT_EQ(cache.size(), 2u);
}

TEST(Cache, AnExpiredEntryIsGone) {
  Cache<std::string, int> cache(2);
  const SteadyTime now{};
  cache.put("a", 1, now + std::chrono::seconds(5));
  EXPECT_EQ(cache.get("a", now + std::chrono::seconds(4)), 1);
  EXPECT_EQ(cache.get("a", now + std::chrono::seconds(5)), std::nullopt);
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace postern
