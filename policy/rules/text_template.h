#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/program.h"

namespace postern::rules {

/// What stands for a name in `{ }`; nothing where it is told to the problems already. `offset` is that of the name in
/// the text.
using ResolvePiece = std::function<std::optional<Template::Piece>(std::string_view name, const Place& where)>;

/// Parses a text with `{fact}` in it (LANGUAGE 2, Texts); `{{` is a brace. Mistakes go to `problems`.
Template parse_template(const Node& node, const ResolvePiece& resolve, Problems& problems);

}  // namespace postern::rules
