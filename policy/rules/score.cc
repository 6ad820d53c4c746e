#include "policy/rules/score.h"

#include <algorithm>

namespace postern::rules {

namespace {

// The ends of the interval, each with its own least and greatest value over all that the rules may come to.
struct Bounds {
  std::int64_t least_low = 0, most_low = 0, least_high = 0, most_high = 0;
  Truths unknown = 0;
  bool surely_deferred = false;
};

Bounds bounds_of(std::span<const Contribution> contributions) {
  Bounds b;
  for (const auto& [points, truths] : contributions) {
    const std::int64_t low = std::min<std::int64_t>(0, points);
    const std::int64_t high = std::max<std::int64_t>(0, points);
    std::int64_t least_low = INT64_MAX, most_low = INT64_MIN, least_high = INT64_MAX, most_high = INT64_MIN;
    const auto add = [&](std::int64_t l, std::int64_t h) {
      least_low = std::min(least_low, l), most_low = std::max(most_low, l);
      least_high = std::min(least_high, h), most_high = std::max(most_high, h);
    };
    if (truths & kTrue) add(points, points);
    if (truths & kFalse) add(0, 0);
    if (truths & kUnknown) add(low, high);
    b.least_low += least_low, b.most_low += most_low, b.least_high += least_high, b.most_high += most_high;
    b.unknown = static_cast<Truths>(b.unknown | (truths & kUnknown));
    b.surely_deferred = b.surely_deferred || truths == kDeferred;
  }
  if (b.surely_deferred) b.unknown = kDeferred;
  return b;
}

}  // namespace

Truths compare_score(std::span<const Contribution> contributions, const Test& test) {
  const Bounds b = bounds_of(contributions);
  bool may_fit = false, may_miss = false, may_straddle = false;
  const auto fits = [&](std::int64_t number) {
    return std::any_of(test.numbers.begin(), test.numbers.end(),
                       [&](std::int64_t right) { return compare(number, test.op, right); });
  };
  switch (test.op) {
    case Operator::greater:
    case Operator::greater_equal:
      may_fit = fits(b.most_low), may_miss = !fits(b.least_high),
      may_straddle = !fits(b.least_low) && fits(b.most_high);
      break;
    case Operator::less:
    case Operator::less_equal:
      may_fit = fits(b.least_high), may_miss = !fits(b.most_low),
      may_straddle = fits(b.least_low) && !fits(b.most_high);
      break;
    case Operator::is:
    case Operator::in:
    case Operator::matches:
    case Operator::contains:
    case Operator::starts_with:
    case Operator::ends_with:
    case Operator::equal:
    case Operator::looks_like: {
      // The ends alone tell: a number between them may be met, or not.
      const bool one = b.least_low == b.most_high;
      const bool within = std::any_of(test.numbers.begin(), test.numbers.end(),
                                      [&](std::int64_t n) { return n >= b.least_low && n <= b.most_high; });
      const bool fixed =
          b.least_low == b.most_low && b.least_high == b.most_high;  // one interval, not a choice of several
      may_fit = one ? fits(b.least_low) : within && !(fixed && b.unknown != 0);
      may_miss = one ? !fits(b.least_low) : !(fixed && b.unknown != 0) || !within;
      may_straddle = !one && within;
      break;
    }
  }
  Truths out = 0;
  if (may_fit) out = static_cast<Truths>(out | kTrue);
  if (may_miss) out = static_cast<Truths>(out | kFalse);
  if (may_straddle) out = static_cast<Truths>(out | b.unknown);
  return out != 0 ? out : kFalse;
}

}  // namespace postern::rules
