#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/accounts/callout/verdict.h"
#include "policy/base/clock.h"

namespace postern::callout {

/// What was found once, as it stands in the store.
struct Record {
  Kind kind = Kind::unknown;
  Cause cause = Cause::unclear;
  WallTime found{};          ///< when
  WallTime fresh_until{};    ///< how long it is believed; the store may keep it longer, for what it says of the past
  WallTime refresh_at{};     ///< from when on it should be asked again
  bool was_missing = false;  ///< it has been missing before: the next such answer is believed longer
  std::string reason;

  /// Found now, believed for `age`.
  static Record made(Kind kind, Cause cause, const std::string& reason, WallTime now, std::chrono::seconds age);

  std::string text() const;
  /// Nothing where `text` is none: another version, or damaged.
  static std::optional<Record> parse(std::string_view text);

  bool is_fresh(WallTime now) const { return now < fresh_until; }
  Verdict verdict(WallTime now) const;
};

}  // namespace postern::callout
