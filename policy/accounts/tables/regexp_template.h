#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace postern::accounts {

/// The result of a pattern table's line, `$1@new.example`, with the groups of the match put in.
class RegexpTemplate {
 public:
  /// `$1`, `${1}` and `$(1)` are groups, `$$` is a dollar sign. An Error with an empty place tells what is wrong.
  static Result<RegexpTemplate> parse(std::string_view text);

  /// The highest group that it names; 0 without one.
  std::size_t most() const { return most_; }
  /// `groups[0]` is the whole match; there are more than most() of them, unless that is 0.
  std::string fill(const std::vector<std::string_view>& groups) const;

 private:
  struct Piece {
    std::string literal;    ///< stands before the group
    std::size_t group = 0;  ///< 0: none
  };
  std::vector<Piece> pieces_;
  std::size_t most_ = 0;
};

}  // namespace postern::accounts
