#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/base/document.h"
#include "policy/base/problem.h"

namespace postern::config {

constexpr std::size_t kMaxDepth = 32;        // FAULTS T70
constexpr std::size_t kMaxValues = 500'000;  // local: some 100 MB of tree

/// Reads one YAML document into a tree with exact places. An empty document is a null Node.
///
/// Refused, each with its line: what is no YAML or no UTF-8, NUL, tags, anchors and aliases, a second document, equal
/// keys in one map, keys that are no text, nesting over kMaxDepth, and `{x}` without a value, which somebody meant as
/// text. Everything wrong goes to `problems`; then nothing is answered.
std::optional<Node> read_yaml(const std::string& name, std::string_view text, Problems& problems);

/// The same of a file; `name` stands for it in messages. A folder, a device or a file over kMaxFileBytes is refused.
std::optional<Node> read_yaml_file(const std::string& path, const std::string& name, Problems& problems);

}  // namespace postern::config
