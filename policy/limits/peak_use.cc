#include "policy/limits/peak_use.h"

#include <algorithm>

namespace postern::limits {

namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::size_t kMostDays = 10'000;                   // local
constexpr std::int64_t kMostAmount = 1'000'000'000'000;     // local: sums of a day stay far below what fits
constexpr std::int64_t kMostTime = 253'402'300'799;         // the end of the year 9999
constexpr std::size_t kMostEarly = PeakUse::kMostKept / 4;  // local

}  // namespace

void PeakUse::add(std::int64_t unix_time, std::string_view key, std::int64_t amount) {
  if (unix_time < 0 || unix_time > kMostTime || amount < 0) {
    ++left_out_;
    return;
  }
  auto at = names_.find(std::string(key));
  if (at == names_.end()) {
    if (keys_.size() >= kMostKeys) {
      ++left_out_;
      return;
    }
    at = names_.emplace(key, keys_.size()).first;
    keys_.push_back(
        {.peak = {.key = std::string(key), .most = {}}, .latest = 0, .moments = {}, .first = {}, .in_window = {}});
  }
  if (days_.size() < kMostDays) days_.insert(unix_time / kDay);
  newest_ = std::max(newest_, unix_time);
  early_.push({.time = unix_time, .key = at->second, .amount = std::min(amount, kMostAmount)});
  while (!early_.empty() && (early_.top().time <= newest_ - kMostDisorder.count() || early_.size() > kMostEarly)) {
    count(early_.top());
    early_.pop();
  }
}

void PeakUse::forget_before(Key& key, std::int64_t now) {
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    std::size_t& first = key.first[w];
    while (first < key.moments.size() && key.moments[first].time <= now - kPeakWindows[w].count())
      key.in_window[w] -= key.moments[first++].amount;
  }
  const std::size_t gone = key.first.back();
  key.moments.erase(key.moments.begin(), key.moments.begin() + static_cast<std::ptrdiff_t>(gone));
  kept_ -= gone;
  for (std::size_t& first : key.first) first -= gone;
}

void PeakUse::sweep() {
  for (Key& key : keys_) forget_before(key, counted_up_to_);
}

void PeakUse::count(const Use& use) {
  counted_up_to_ = std::max(counted_up_to_, use.time);
  if (kept_ >= kMostKept) sweep();
  if (kept_ >= kMostKept) {
    ++left_out_;
    return;
  }
  Key& key = keys_[use.key];
  if (use.time < key.latest) ++late_;
  key.latest = std::max(key.latest, use.time);
  forget_before(key, key.latest);
  if (!key.moments.empty() && key.moments.back().time == key.latest) {
    key.moments.back().amount += use.amount;
  } else {
    key.moments.push_back({.time = key.latest, .amount = use.amount});
    ++kept_;
  }
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    key.in_window[w] += use.amount;
    key.peak.most[w] = std::max(key.peak.most[w], key.in_window[w]);
  }
}

std::vector<Peak> PeakUse::peaks() {
  for (; !early_.empty(); early_.pop()) count(early_.top());
  std::vector<Peak> peaks;
  peaks.reserve(keys_.size());
  for (const Key& key : keys_) peaks.push_back(key.peak);
  return peaks;
}

}  // namespace postern::limits
