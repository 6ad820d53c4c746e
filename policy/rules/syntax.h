#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postern::rules {

/// A name or value in an expression, and where it stands in the expression's text.
struct Word {
  std::string text;
  std::size_t offset = 0;
  bool quoted = false;
  std::string unit;  ///< "MB" of `25 MB`
};

/// How a fact is compared (LANGUAGE 3). The negative forms are `negated` ones of these.
enum class Operator {
  is,
  in,
  matches,
  contains,
  starts_with,
  ends_with,
  equal,
  less,
  less_equal,
  greater,
  greater_equal,
  looks_like
};

/// An expression as it is written, before anybody asks what its names mean.
struct Syntax {
  enum class Kind {
    all,         ///< parts joined by `and`
    any,         ///< parts joined by `or`
    negation,    ///< `not`, one part
    quantified,  ///< `word` FACT [( part )], word in `quantifier`
    comparison,
    bare,  ///< one name: a defined one, or a yes/no fact
  };
  enum class Quantifier { any, no, every };

  Kind kind = Kind::bare;
  std::vector<Syntax> parts;
  Word name;  ///< of quantified, comparison, bare
  Quantifier quantifier = Quantifier::any;
  Operator op = Operator::is;
  bool negated = false;    ///< `is not`, `not in`, `!=`
  bool bracketed = false;  ///< the values stand in [ ]
  std::vector<Word> values;
  std::size_t op_offset = 0;  ///< of the operator
  std::size_t offset = 0;
  std::size_t end = 0;
};

}  // namespace postern::rules
