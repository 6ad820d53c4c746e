#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/behaviour/dice.h"

namespace postern::bench {

/// Texts of invented words, of which few are in every text and most in few, as in a language.
std::string words(Dice& dice, int count);

/// A text that is sent to many, with what is made of it for each.
class Template {
 public:
  /// `spun` is the part of its words that differs from one to the next, beside a name.
  Template(Dice& dice, int count, double spun);
  std::string next(Dice& dice) const;

 private:
  std::vector<std::string> words_;
  double spun_;
};

}  // namespace postern::bench
