#include "milter/memory_guard.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

TEST(MemoryGuard, IsNearFromEightyPercentUntilBelowSeventyFive) {
  MemoryGuard guard(1000);
  EXPECT_FALSE(guard.is_near(799));
  EXPECT_TRUE(guard.is_near(800));
  EXPECT_TRUE(guard.is_near(760));
  EXPECT_FALSE(guard.is_near(749));
  EXPECT_FALSE(guard.is_near(790));
}

TEST(MemoryGuard, IsNeverNearWithoutALimit) { EXPECT_FALSE(MemoryGuard(std::nullopt).is_near(UINT64_MAX)); }

TEST(MemoryGuard, KnowsWhatTheProcessUses) {
  EXPECT_GT(resident_bytes(), 1U << 20U);
  EXPECT_LT(resident_bytes(), 1ULL << 40U);
}

}  // namespace
}  // namespace postern
