#pragma once

#include <memory>
#include <string>
#include <string_view>

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
};

}  // namespace postern::rules
