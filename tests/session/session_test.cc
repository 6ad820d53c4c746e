#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "tests/session/round.h"
#include "tests/support/sanitizers.h"

#if defined(POSTERN_SANITIZES_ADDRESS)  // mallinfo2() tells nothing there
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace postern::session {
namespace {

constexpr std::size_t kSessionsAtOnce = 40;

std::size_t number(const char* variable, std::size_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::size_t allocated_bytes() {
#if defined(POSTERN_SANITIZES_ADDRESS)
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += text + "\n";
  return out;
}

Round small_round(std::uint64_t seed, const std::vector<TestPolicy>& policies) {
  SeededDice dice(seed);
  return make_round(dice, policies, 5, 1);
}

// POSTERN_SESSIONS: how many; POSTERN_SESSION_ROUND: one round alone, as a failure names it.
TEST(Sessions, GoAsTheModelForetellsInAnyOrderOfCallbacks) {
  Stage stage(2);
  const std::size_t sessions = number("POSTERN_SESSIONS", 20'000);
  const std::size_t rounds = (sessions + kSessionsAtOnce - 1) / kSessionsAtOnce;
  const std::size_t alone = number("POSTERN_SESSION_ROUND", 0);
  std::size_t settled = 0, callbacks = 0;
  std::map<std::string, std::int64_t> decisions;
  for (std::size_t seed = alone != 0 ? alone : 1; seed <= (alone != 0 ? alone : rounds); ++seed) {
    SeededDice dice(seed);
    const Round round = make_round(dice, stage.policies(), kSessionsAtOnce, 3);
    const std::vector<std::string> wrong = hold(stage, round);
    ASSERT_TRUE(wrong.empty()) << "POSTERN_SESSION_ROUND=" << seed << ": " << round.text() << "\n" << joined(wrong);
    for (const Script& script : round.scripts) callbacks += script.lines.size();
    for (const auto& [action, count] : round.decisions()) decisions[action] += count;
    // What came before has left nothing behind.
    if (round.setting.weather.text() != "fair") stage.set({});
    const std::vector<std::string> after = hold_normal_sessions(stage, stage.policies()[round.setting.first]);
    ASSERT_TRUE(after.empty()) << "after " << round.text() << "\n" << joined(after);
    if (seed == rounds / 4) {
      stage.set({});
      settled = allocated_bytes();
    }
  }
  stage.set({});
  const std::size_t grown = settled == 0 || allocated_bytes() < settled ? 0 : allocated_bytes() - settled;
  EXPECT_LT(grown, std::size_t{64} * 1024) << "memory grows with the sessions";
  std::string ends;
  for (const auto& [action, count] : decisions) ends += " " + action + "=" + std::to_string(count);
  std::printf("%zu sessions, %zu callbacks, %zu bytes more than after the first quarter;%s\n", rounds * kSessionsAtOnce,
              callbacks, grown, ends.c_str());
  if (alone == 0 && sessions >= 1000) {
    EXPECT_EQ(decisions.size(), 6U) << "the sessions come to every end:" << ends;
  }
}

TEST(Sessions, AreSeenToBeRightBeforeAnyOther) {
  Stage stage(0);
  for (const TestPolicy& policy : stage.policies()) {
    const std::vector<std::string> wrong = hold_normal_sessions(stage, policy);
    EXPECT_TRUE(wrong.empty()) << joined(wrong);
  }
}

// Each thing that would go wrong is noticed: first that all goes well without it, then that it does not with it.
class Tampered : public testing::TestWithParam<Tampering> {};

TEST_P(Tampered, IsNoticed) {
  Stage stage(0);
  std::size_t noticed = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Round round = small_round(seed, stage.policies());
    stage.set(round.setting.weather);
    ASSERT_TRUE(stage.hold(round.scripts, 1).empty()) << seed;
    stage.set(round.setting.weather);
    noticed += stage.hold(round.scripts, 1, GetParam()).size();
  }
  EXPECT_GT(noticed, 0U);
}

INSTANTIATE_TEST_SUITE_P(Sessions, Tampered,
                         testing::Values(Tampering::abort_is_lost, Tampering::close_is_lost, Tampering::reply_is_lost,
                                         Tampering::first_reply_stays, Tampering::verdict_is_accept));

// The model is the judge: a policy that does otherwise than it thinks is found out.
TEST(Sessions, AWrongExpectationIsNoticed) {
  Stage stage(0);
  std::vector<TestPolicy> mistaken = stage.policies();
  for (TestPolicy& policy : mistaken) {
    for (PolicyRule& rule : policy.rules) {
      if (rule.does == PolicyRule::Does::discard) rule.does = PolicyRule::Does::quarantine;
    }
  }
  std::size_t noticed = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Round round = small_round(seed, mistaken);
    stage.set(round.setting.weather);
    noticed += stage.hold(round.scripts, 1).size();
  }
  EXPECT_GT(noticed, 0U);
}

// The product's own protection off: a refusal that was not spoken is kept for ever.
TEST(Sessions, TheNextMessageCouldNotBeRightWithoutTheReset) {
  Stage stage(0);
  std::size_t noticed = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Round round = small_round(seed, stage.policies());
    stage.set(round.setting.weather, {"reset"});
    noticed += stage.hold(round.scripts, 1).size();
  }
  EXPECT_GT(noticed, 0U);
}

}  // namespace
}  // namespace postern::session
