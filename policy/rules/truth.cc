#include "policy/rules/truth.h"

#include <array>
#include <bit>

namespace postern::rules {

namespace {

using Table = std::array<std::array<Truths, 16>, 16>;

constexpr Truths and_one(Truths a, Truths b) {
  if (a == kFalse || b == kFalse) return kFalse;
  if (a == kTrue) return b;
  if (b == kTrue) return a;
  return a == kDeferred || b == kDeferred ? kDeferred : kSkipped;
}

constexpr Truths not_one(Truths a) { return a == kTrue ? kFalse : a == kFalse ? kTrue : a; }

constexpr Truths not_set(Truths a) {
  Truths out = 0;
  for (const Truths one : {kTrue, kFalse, kSkipped, kDeferred}) {
    if (a & one) out = static_cast<Truths>(out | not_one(one));
  }
  return out;
}

constexpr Table make_and() {
  Table table{};
  for (unsigned a = 0; a < 16; ++a) {
    for (unsigned b = 0; b < 16; ++b) {
      Truths out = 0;
      for (const Truths x : {kTrue, kFalse, kSkipped, kDeferred}) {
        for (const Truths y : {kTrue, kFalse, kSkipped, kDeferred}) {
          if ((a & x) && (b & y)) out = static_cast<Truths>(out | and_one(x, y));
        }
      }
      table[a][b] = out;
    }
  }
  return table;
}

constexpr Table kAnd = make_and();

// Calls `visit` with each set in `outlook`.
template <class Visit>
void for_sets(Outlook outlook, Visit visit) {
  for (unsigned rest = outlook; rest != 0; rest &= rest - 1) visit(static_cast<Truths>(std::countr_zero(rest)));
}

template <class Map>
Outlook map_sets(Outlook a, Map map) {
  Outlook out = 0;
  for_sets(a, [&](Truths m) { out = static_cast<Outlook>(out | outlook_of(map(m))); });
  return out;
}

}  // namespace

Truths all_truths(Outlook outlook) {
  Truths out = 0;
  for_sets(outlook, [&](Truths m) { out = static_cast<Truths>(out | m); });
  return out;
}

Outlook subsets_of(Truths truths) {
  Outlook out = 0;
  for (unsigned m = 1; m < 16; ++m) {
    if ((m & ~static_cast<unsigned>(truths)) == 0) out = static_cast<Outlook>(out | 1u << m);
  }
  return out;
}

Outlook both(Outlook a, Outlook b) {
  // Most conditions are settled: true leaves the other as it is, and nothing becomes of false.
  if (a == outlook_of(kTrue) || b == outlook_of(kFalse)) return b;
  if (b == outlook_of(kTrue) || a == outlook_of(kFalse)) return a;
  Outlook out = 0;
  for_sets(a, [&](Truths m) { out = static_cast<Outlook>(out | map_sets(b, [m](Truths n) { return kAnd[m][n]; })); });
  return out;
}

Outlook opposite(Outlook a) { return map_sets(a, not_set); }

Outlook either(Outlook a, Outlook b) { return opposite(both(opposite(a), opposite(b))); }

Outlook with_unknown(Outlook a, Truths unknown) {
  return map_sets(a, [unknown](Truths m) { return m & kUnknown ? static_cast<Truths>((m & kEither) | unknown) : m; });
}

}  // namespace postern::rules
