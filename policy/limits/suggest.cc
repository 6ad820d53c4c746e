#include "policy/limits/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace postern::limits {

namespace {

constexpr std::int64_t kMegabyte = std::int64_t{1} << 20;
constexpr double kAllowed = 0.995;  // local: one of 200 has a reason to ask for more

// By nearest rank; `sorted` is not empty.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, double part) {
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

// 1, 2, 5, 10, 20 … units, no less than `amount`.
std::int64_t rounded_up(double amount, std::int64_t unit) {
  for (std::int64_t step = unit; step <= kMostAllowed / 10; step *= 10) {
    for (const std::int64_t figure : {1, 2, 5}) {
      if (static_cast<double>(step * figure) >= amount) return step * figure;
    }
  }
  return kMostAllowed;
}

double excess(const Suggestion::Hit& hit) {
  return static_cast<double>(hit.used) / static_cast<double>(hit.allow.most);
}

}  // namespace

Suggestion suggest(std::span<const Peak> peaks, Unit unit, double margin) {
  Suggestion out;
  if (peaks.empty()) return out;
  std::array<std::int64_t, kPeakWindows.size()> allowed{};
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    std::vector<std::int64_t> used;
    used.reserve(peaks.size());
    for (const Peak& peak : peaks) used.push_back(peak.most[w]);
    std::sort(used.begin(), used.end());
    out.spread[w] = {.p50 = percentile(used, 0.5),
                     .p95 = percentile(used, 0.95),
                     .p99 = percentile(used, 0.99),
                     .most = used.back()};
    allowed[w] =
        rounded_up(static_cast<double>(percentile(used, kAllowed)) * margin, unit == Unit::bytes ? kMegabyte : 1);
  }
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    const bool is_last = w + 1 == kPeakWindows.size();
    if (!is_last && allowed[w] >= allowed[w + 1]) continue;
    out.allow.push_back({.most = allowed[w], .window = kPeakWindows[w], .burst = {}});
  }
  for (const Peak& peak : peaks) {
    Suggestion::Hit worst;
    for (const Allowance& allowance : out.allow) {
      const auto w = static_cast<std::size_t>(std::find(kPeakWindows.begin(), kPeakWindows.end(), allowance.window) -
                                              kPeakWindows.begin());
      Suggestion::Hit hit{.key = peak.key, .allow = allowance, .used = peak.most[w]};
      if (hit.used > allowance.most && (worst.key.empty() || excess(hit) > excess(worst))) worst = std::move(hit);
    }
    if (!worst.key.empty()) out.hits.push_back(std::move(worst));
  }
  std::stable_sort(out.hits.begin(), out.hits.end(),
                   [](const Suggestion::Hit& a, const Suggestion::Hit& b) { return excess(a) > excess(b); });
  return out;
}

std::string suggested_text(const Allowance& allowance, Unit unit) {
  if (unit != Unit::bytes || allowance.most % kMegabyte != 0) return text_of(allowance);
  const std::string text = text_of(allowance);
  return fmt::format("{} MB{}", allowance.most / kMegabyte, text.substr(text.find('/')));
}

}  // namespace postern::limits
