#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/problem.h"
#include "policy/base/result.h"

namespace postern::limits {

/// What a limit counts.
enum class Unit {
  messages,                  ///< one a message
  recipients,                ///< one a recipient that is taken
  distinct_recipients,       ///< a recipient once a window
  first_time_recipients,     ///< a recipient that the key has not written to in kAcquaintance
  bytes,                     ///< size of the message
  connections,               ///< one a connection
  refused_recipients,        ///< a recipient refused for good, by us or by the MTA
  unauthenticated_attempts,  ///< a MAIL without a login on a listener of site.submission
};
std::string_view name(Unit unit);
std::optional<Unit> parse_unit(std::string_view text);
/// Does it count values, each once?
constexpr bool counts_values(Unit unit) {
  return unit == Unit::distinct_recipients || unit == Unit::first_time_recipients;
}

constexpr std::chrono::hours kAcquaintance{24 * 60};  // local: who was written to within two months is no stranger

/// At most `most` in any window of this length; with a burst, no more than that at once, and then one after the other
/// (GCRA): one entry of `allow:`.
struct Allowance {
  std::int64_t most = 0;
  std::chrono::seconds window{};
  std::optional<std::int64_t> burst = {};

  friend bool operator==(const Allowance&, const Allowance&) = default;
};

constexpr std::size_t kMostWindows = 4;                   // local: of one limit
constexpr std::chrono::hours kLongestWindow{24 * 31};     // local: "a month"
constexpr std::int64_t kMostAllowed = 1'000'000'000'000;  // local: a terabyte, where bytes are counted
constexpr std::int64_t kMostValues = 10'000;              // local: of units that count values, each is kept

/// One entry of `allow:` as it is written: `30/1m`, `30/1m burst 10`, `25 MB/1h`, `account.daily/24h`.
struct AllowanceText {
  std::int64_t most = 0;
  std::string fact;  ///< instead of `most`, the name of a fact that holds it
  std::chrono::seconds window{};
  std::optional<std::int64_t> burst = {};
};
/// Windows from 1 s to kLongestWindow in whole seconds (`s m h d w`). An Error names the piece that is wrong and
/// what would be right. Pure.
Result<AllowanceText> parse_allowance(std::string_view text, const Place& where);

/// `500`, `25 MB`: how much; nothing where it is neither, or out of range.
std::optional<std::int64_t> parse_amount(std::string_view text);

/// `500/24h`, `30/1m burst 10`, as parse_allowance() reads it.
std::string text_of(const Allowance& allowance);

/// A window is a ring of slots; what fell into a slot leaves with the whole of it, so at most this much late.
constexpr std::chrono::milliseconds slot_of(std::chrono::seconds window) {
  using std::chrono::milliseconds;
  const std::int64_t slots = window <= std::chrono::hours(1)        ? 60
                             : window <= std::chrono::hours(24 * 7) ? 96
                                                                    : 120;  // FIELD 2.6: 24 h are 96, 30 d are 120
  const std::int64_t ms = std::chrono::duration_cast<milliseconds>(window).count();
  return milliseconds((ms + slots - 1) / slots);
}

}  // namespace postern::limits
