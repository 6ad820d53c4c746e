#pragma once

#include <optional>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/syntax.h"

namespace postern::rules {

constexpr std::size_t kMaxExpressionBytes = 20'000;  // local: far over what anybody reads
constexpr int kMaxExpressionDepth = 50;              // local: parentheses within parentheses

/// Parses the text of `node` as an expression (LANGUAGE 3). A mistake goes to `problems` with its place and a hint, and
/// nothing is answered. Names are not looked at.
std::optional<Syntax> parse_expression(const Node& node, Problems& problems);

}  // namespace postern::rules
