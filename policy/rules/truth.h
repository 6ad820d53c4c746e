#pragma once

#include <cstdint>

namespace postern::rules {

/// The truth values that a condition may still have at the end of the story, as a set. Unknown comes in two kinds:
/// whether the answer that failed lets rules be skipped, or wants the message deferred (LANGUAGE 5). Where both meet,
/// defer wins.
using Truths = std::uint8_t;
constexpr Truths kTrue = 1;
constexpr Truths kFalse = 2;
constexpr Truths kSkipped = 4;   ///< unknown, under `unavailable: skip`
constexpr Truths kDeferred = 8;  ///< unknown, under `unavailable: defer`
constexpr Truths kUnknown = kSkipped | kDeferred;
constexpr Truths kEither = kTrue | kFalse;

/// The sets that a condition may come to by what this stage can still learn, as a set of sets: bit n stands for Truths
/// n. With one bit this stage can add nothing any more.
using Outlook = std::uint16_t;

constexpr Outlook outlook_of(Truths truths) { return static_cast<Outlook>(1u << truths); }
constexpr bool is_settled(Outlook outlook) { return (outlook & (outlook - 1)) == 0; }
/// All that may be true of it: the union of its sets.
Truths all_truths(Outlook outlook);
/// Every set that could be left over from `truths`.
Outlook subsets_of(Truths truths);

/// Kleene's connectives over sets of sets. Two conditions on one fact are taken as independent: that only adds
/// possibilities.
Outlook both(Outlook a, Outlook b);
Outlook either(Outlook a, Outlook b);
Outlook opposite(Outlook a);
/// The same with every unknown turned into `unknown` (kSkipped or kDeferred).
Outlook with_unknown(Outlook a, Truths unknown);

}  // namespace postern::rules
