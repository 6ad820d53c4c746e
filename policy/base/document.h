#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/problem.h"

namespace postern {

/// One value of a configuration document: text, list or map, with the place where a person wrote it. The reader
/// (config/yaml_reader) makes it; everything else reads it, so that no other file knows YAML.
struct Node {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string text;              ///< of a scalar, as text; numbers and yes/no are converted by who reads them
  bool quoted = false;           ///< a scalar in 'single' or "double" quotes, or a block scalar
  bool comment_follows = false;  ///< a plain scalar with a `#` comment behind it on its line
  Place where;                   ///< of the first character of the value (of the key for a key)
  std::vector<Node> items;       ///< of a list
  struct Entry;                  ///< `first` is the key, `second` its value
  std::vector<Entry> entries;    ///< of a map, in the order of the file; keys are scalars and unique

  /// Where each piece of a scalar stands: from `offset` bytes into `text` on, it runs along the line from
  /// `line`:`column`. Empty: the whole text runs from `where` on.
  struct Run {
    std::size_t offset;
    int line;
    int column;
  };
  std::vector<Run> runs;

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }

  /// The value of `key` in a map, or nullptr.
  const Node* find(std::string_view key) const;
  /// The place of the byte at `offset` of a scalar's text.
  Place at(std::size_t offset) const;
  /// "a text", "a list", "a map" or "nothing", for messages.
  std::string_view describe() const;
};

struct Node::Entry {
  Entry(Node key, Node value) : first(std::move(key)), second(std::move(value)) {}
  Node first;
  Node second;
};

}  // namespace postern
