#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/rules/known.h"
#include "policy/rules/list.h"
#include "policy/rules/pattern.h"
#include "policy/rules/syntax.h"

namespace postern::rules {

/// The right side of a comparison, compiled, in its positive form: `!=` is told by who holds it. Immutable,
/// thread-safe.
struct Test {
  Operator op = Operator::equal;
  std::vector<std::string> texts;                        ///< folded; one must fit
  std::vector<std::shared_ptr<const Pattern>> patterns;  ///< one must be found
  std::vector<std::int64_t> numbers;                     ///< one for < <= > >=, one must be equal for == and in
  std::shared_ptr<const List> list;
  std::string list_name;  ///< empty for one in [ ]
  bool numeric = false;

  /// Whether one of `values` fits. With no value nothing fits. `unavailable` only where a list says so and nothing else
  /// fits.
  List::Answer fits(std::span<const Value> values, std::int64_t unix_time) const;
  List::Answer fits(const Value& value, std::int64_t unix_time) const;
};

/// Whether `number` stands to `right` as `op` says.
bool compare(std::int64_t number, Operator op, std::int64_t right);

/// A value as a text, as rules compare it and texts print it.
std::string text_of(const Value& value);

}  // namespace postern::rules
