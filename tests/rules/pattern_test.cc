// FAULTS T23: whatever the pattern and the text, a search ends soon and misses nothing.

#include <gtest/gtest.h>

#include <random>

#include "policy/rules/pattern.h"

namespace postern::rules {
namespace {

bool found(const std::string& pattern, const std::string& text) {
  const auto compiled = Pattern::compile(pattern);
  EXPECT_TRUE(compiled) << pattern;
  return compiled && (*compiled)->found_in(text);
}

// a?a?…aa… against aa…: n times each.
std::string optional_then_needed(int n) {
  return "^" + [n] {
    std::string pattern;
    for (int i = 0; i < n; ++i) pattern += "a?";
    return pattern + std::string(static_cast<std::size_t>(n), 'a');
  }() + "$";
}

// How many steps an engine that goes back and tries again needs to see that n times `a?`, then n+1 times `a`, are not
// found in n times `a`; no more than `most` are made.
std::size_t steps_of_a_backtracker(std::size_t optional, std::size_t needed, std::size_t text, std::size_t most) {
  if (most <= 1) return 1;
  if (optional == 0) return 1 + std::min(needed, text);
  const std::size_t taken = text == 0 ? 0 : steps_of_a_backtracker(optional - 1, needed, text - 1, most - 1);
  if (taken >= most - 1) return most;
  return 1 + taken + steps_of_a_backtracker(optional - 1, needed, text, most - 1 - taken);
}

TEST(Pattern, EndsWhereABacktrackerWouldNot) {
  EXPECT_TRUE(found(optional_then_needed(30), std::string(30, 'a')));
  EXPECT_FALSE(found(optional_then_needed(30), std::string(29, 'a')));
  const std::string long_text(64 << 10, 'x');  // as long as a header field may be
  EXPECT_FALSE(found("(x+x+)+y", long_text));
  EXPECT_FALSE(found("(x|x|xx|x*)*[yz]$", long_text));
  EXPECT_FALSE(found("^(([a-z])+.)+[A-Z]([a-z])+\\d$", long_text));
  EXPECT_EQ(steps_of_a_backtracker(30, 31, 30, 10'000'000), 10'000'000U);  // these texts are as evil as they should be
}

// RE2 gives its automaton 8 MiB and then goes on without it, slower; that must not look like "not found".
TEST(Pattern, IsFoundWhereTheAutomatonOutgrowsItsMemory) {
  std::mt19937 random(23);
  std::string text(64 << 10, 'b');
  for (char& c : text) c = "ab"[random() % 2];
  const std::size_t gap = 60;
  text[text.size() - gap - 2] = 'a';
  for (std::size_t i = 0; i + gap + 1 < text.size(); ++i) {
    if (text[i] == 'a') text[i + gap + 1] = 'b';  // nowhere a, 60 letters, c
  }
  const std::string pattern = "a[ab]{60}c";
  EXPECT_FALSE(found(pattern, text));
  text[text.size() - gap - 2] = 'a';
  text.back() = 'c';
  EXPECT_TRUE(found(pattern, text));
}

TEST(Pattern, TellsWhatItsGroupsCaught) {
  const auto pattern = *Pattern::compile("(a+)(b)?(c*)");
  EXPECT_EQ(pattern->groups(), 3U);
  EXPECT_EQ(*pattern->match("xAAcx"), (std::vector<std::string_view>{"AAc", "AA", "", "c"}));
  EXPECT_FALSE(pattern->match("x"));
}

TEST(Pattern, RefusesWhatWouldNotFit) {
  EXPECT_FALSE(Pattern::compile(std::string(20'000, 'a')));
  EXPECT_FALSE(Pattern::compile("((((a{1,100}){1,100}){1,100}){1,100})"));
  EXPECT_FALSE(Pattern::compile("(?=a)b"));  // what only a backtracker can do
  EXPECT_FALSE(Pattern::compile("(a)\\1"));
}

}  // namespace
}  // namespace postern::rules
