#include "policy/limits/freezer.h"

#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

class FreezerTest : public testing::Test {
 protected:
  test::FakeClock clock;
  test::FakeStore store{clock};
  Freezer freezer{store, clock};
};

TEST_F(FreezerTest, KnowsWhoIsFrozenUntilWhenAndWhy) {
  freezer.freeze("Alice", 1h, "behaviour");
  const auto found = freezer.find("alice");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->login, "Alice");
  EXPECT_EQ(found->since, clock.wall());
  EXPECT_EQ(found->until, clock.wall() + 1h);
  EXPECT_EQ(found->why, "behaviour");
  EXPECT_FALSE(freezer.find("bob"));
  clock.advance(61min);
  EXPECT_FALSE(freezer.find("ALICE"));
}

TEST_F(FreezerTest, KeepsTheFreezeThatEndsLater) {
  freezer.freeze("alice", 2h, "first");
  freezer.freeze("alice", 1h, "second");
  EXPECT_EQ(freezer.find("alice")->why, "first");
  freezer.freeze("alice", 3h, "third");
  EXPECT_EQ(freezer.find("alice")->why, "third");
}

TEST_F(FreezerTest, LetsGo) {
  freezer.freeze("alice", 1h, "");
  EXPECT_TRUE(freezer.release("aLICE"));
  EXPECT_FALSE(freezer.release("alice"));
  EXPECT_FALSE(freezer.find("alice"));
}

TEST_F(FreezerTest, ListsThem) {
  for (const char* login : {"c", "a", "b"}) freezer.freeze(login, 1h, "why");
  EXPECT_EQ(freezer.list(2).size(), 2u);
  EXPECT_EQ(freezer.list(10)[0].login, "a");
}

TEST_F(FreezerTest, TakesWhateverStandsThereForAFreeze) {
  store.put(store::Space::frozen, "alice", "\xff\xff\xff", clock.wall() + 1h);
  ASSERT_TRUE(freezer.find("alice"));
  EXPECT_EQ(freezer.find("alice")->login, "alice");
}

TEST_F(FreezerTest, BoundsWhatItIsGiven) {
  freezer.freeze(std::string(5000, 'x'), 24h * 10000, std::string(5000, 'y'));
  const auto found = freezer.find(std::string(5000, 'x'));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->until, clock.wall() + store::kLongest);
}

}  // namespace
}  // namespace postern::limits
