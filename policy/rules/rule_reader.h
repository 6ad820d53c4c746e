#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/compile_expression.h"
#include "policy/rules/rule_set.h"

namespace postern::rules {

/// A rule as it is written, with what its groups give it.
struct DraftRule {
  std::string name;    ///< whole: "inbound/spf-fail"
  std::string prefix;  ///< "inbound/", or nothing
  Place where;
  std::optional<std::size_t> group;
  Node keys;  ///< its map, with what `change:` made of it
  const Definitions* definitions = nullptr;
  bool monitored = false;
  std::optional<Unavailable> unavailable;
  std::optional<Split> split;
};

/// A group or an include as it is written. Its rules are those from `first` to before `last`.
struct DraftGroup {
  std::string name;
  Place where;
  std::optional<std::size_t> parent;
  const Node* when = nullptr;
  const Definitions* definitions = nullptr;
  bool monitored = false;
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Reads the structure of `rules:`: groups, includes with `change`, and the keys that are handed down (LANGUAGE 1).
class RuleReader {
 public:
  /// All references outlive it; what it hands out points into it and into the nodes of `source`.
  RuleReader(const Source& source, Problems& problems) : source_(source), problems_(problems) {}

  void read();

  std::vector<DraftRule> rules;
  std::vector<DraftGroup> groups;
  std::set<std::string, std::less<>> switched_off;  ///< whole names of rules that `change` took away

  /// Every `define:` section that was read, each with what it sees of the sections around it.
  const std::deque<Definitions>& definitions() const { return definitions_; }
  /// Whether a preset of a later version has a rule of that name.
  bool is_later(std::string_view name) const;

 private:
  struct Frame {
    std::string prefix;
    std::optional<std::size_t> group;
    std::optional<bool> monitor;
    std::optional<Unavailable> unavailable;
    std::optional<Split> split;
    const Definitions* definitions = nullptr;
    const Node* change = nullptr;
    int depth = 0;
  };

  void read_list(const Node& list, const Frame& frame);
  void read_group(const Node& item, const Node& name, const Frame& frame);
  void read_include(const Node& item, const Node& name, const Frame& frame);
  void read_rule(const Node& item, const Frame& frame);
  Frame open_group(const Node& item, std::string name, const Place& where, const Frame& outer);
  void read_shared_keys(const Node& item, Frame& frame);
  const Definitions* read_definitions(const Node* section, const Definitions* outer);
  bool apply_change(const Frame& frame, std::string_view name, Node& keys);
  void check_changes(const Node& change, const std::string& prefix, std::size_t first);
  bool claim(const std::string& name, const Place& where);

  const Source& source_;
  Problems& problems_;
  std::deque<Node> included_;  ///< keeps what includes have read
  std::deque<Definitions> definitions_;
  std::vector<std::string> open_includes_;
  std::map<std::string, Place, std::less<>> names_;
};

/// `yes no true false on off`; tells `problems` of anything else.
std::optional<bool> read_flag(const Node& node, std::string_view key, Problems& problems);

}  // namespace postern::rules
