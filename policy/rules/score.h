#pragma once

#include <cstdint>
#include <span>

#include "policy/rules/test.h"
#include "policy/rules/truth.h"

namespace postern::rules {

/// What one rule above may add to the score: `points` if it is true, nothing if it is false, either if it is unknown.
struct Contribution {
  std::int64_t points = 0;
  Truths truths = kFalse;
};

/// What `score` against `test` may come to. A score is an interval while a rule that adds to it is unknown (LANGUAGE
/// 5); a comparison that the whole interval fits is true, that none of it fits is false, and else unknown.
Truths compare_score(std::span<const Contribution> contributions, const Test& test);

}  // namespace postern::rules
