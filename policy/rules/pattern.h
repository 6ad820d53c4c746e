#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace postern::rules {

/// A compiled regular expression: RE2 syntax, unanchored, without regard to case unless it says (?-i). Linear in the
/// text, bounded in memory. Immutable, thread-safe.
class Pattern {
 public:
  /// An Error with an empty place tells what is wrong with `text`.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view text);
  virtual ~Pattern() = default;
  virtual bool found_in(std::string_view text) const = 0;
  /// What the first match is, and behind it what each of its groups caught: empty for one that took no part. Nothing
  /// where the text does not match. The views are into `text`.
  virtual std::optional<std::vector<std::string_view>> match(std::string_view text) const = 0;
  /// How many groups ( ) it has.
  virtual std::size_t groups() const = 0;
};

}  // namespace postern::rules
