#pragma once

#include <string>
#include <vector>

#include "tests/bench/behaviour/simulation.h"

namespace postern::bench {

constexpr int kServedGoal = 50;         // a stolen account is suspicious before so many are served …
constexpr double kCaughtGoal = 95;      // … in so many percent of the runs
constexpr double kDisturbedGoal = 0.1;  // percent of normal account-days

/// A row of what became of normal days; the last is the sum of those within the goal.
struct NormalRow {
  std::string name;
  bool within_goal = true;
  int days = 0, unusual = 0, disturbed = 0;

  double percent(int n) const { return days == 0 ? 0 : 100.0 * n / days; }
};
/// A row of what became of stolen accounts; likewise.
struct AttackRow {
  std::string name;
  bool within_goal = true;
  int caught = 0;           ///< suspicious before kServedGoal were served
  int never = 0;            ///< of the thief's 400 recipients, all were served
  std::vector<int> served;  ///< of each run, the lowest first

  int at(int percent) const { return served[(served.size() - 1) * static_cast<std::size_t>(percent) / 100]; }
  double caught_percent() const { return 100.0 * caught / static_cast<double>(served.size()); }
};

struct Report {
  std::vector<NormalRow> normal;
  std::vector<AttackRow> attacks;

  bool met() const;
};

Report report(const Results& results);
/// Tables for people, and the same for a document.
std::string text(const Report& report);
std::string markdown(const Report& report);
/// What was found on normal days that were disturbed, and of stolen accounts, the most frequent first.
std::string reasons(const Results& results);
/// The bytes of a PNG file.
std::string plot(const Report& report);

}  // namespace postern::bench
