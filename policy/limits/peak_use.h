#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern::limits {

/// The windows that a suggestion is made of.
constexpr std::array<std::chrono::seconds, 3> kPeakWindows{std::chrono::minutes(1), std::chrono::hours(1),
                                                           std::chrono::hours(24)};

/// The most that a key ever used within each of kPeakWindows.
struct Peak {
  std::string key;
  std::array<std::int64_t, kPeakWindows.size()> most{};
};

/// Finds the peaks of many keys in one pass over what they used, in seconds: a window is (end - length, end], wherever it
/// ends. Keeps what was used within the last day, and no more than kMostKept moments and kMostKeys keys; what is over that
/// is left out and counted.
class PeakUse {
 public:
  static constexpr std::size_t kMostKeys = 1'000'000;  // local: of some 200 bytes
  static constexpr std::size_t kMostKept = 8'000'000;  // local: of 16 bytes
  /// local: how late something may come; what comes later than that, and than what the same key used, counts as if it
  /// came with the latest of the key
  static constexpr std::chrono::seconds kMostDisorder = std::chrono::minutes(10);

  /// `amount` is at least 0. A moment that lies before 1970 is left out.
  void add(std::int64_t unix_time, std::string_view key, std::int64_t amount);
  /// After the last add().
  std::vector<Peak> peaks();

  std::size_t days() const { return days_.size(); }  ///< of UTC, on which something was used
  std::size_t left_out() const { return left_out_; }
  std::size_t late() const { return late_; }  ///< how much came too late

 private:
  struct Moment {
    std::int64_t time = 0;
    std::int64_t amount = 0;
  };
  struct Key {
    Peak peak;
    std::int64_t latest = 0;
    std::deque<Moment> moments;                            ///< of the longest window
    std::array<std::size_t, kPeakWindows.size()> first{};  ///< of each window, among `moments`
    std::array<std::int64_t, kPeakWindows.size()> in_window{};
  };
  struct Use {
    std::int64_t time = 0;
    std::size_t key = 0;
    std::int64_t amount = 0;
    bool operator>(const Use& other) const { return time > other.time; }
  };
  void count(const Use& use);
  void forget_before(Key& key, std::int64_t now);
  void sweep();

  std::unordered_map<std::string, std::size_t> names_;
  std::vector<Key> keys_;
  std::priority_queue<Use, std::vector<Use>, std::greater<>> early_;  ///< may yet be preceded
  std::set<std::int64_t> days_;
  std::int64_t newest_ = 0;
  std::int64_t counted_up_to_ = 0;
  std::size_t kept_ = 0;  ///< moments of all keys
  std::size_t left_out_ = 0;
  std::size_t late_ = 0;
};

}  // namespace postern::limits
