#include "policy/rules/rule_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/base/settings.h"
#include "policy/base/text.h"
#include "policy/rules/parser.h"

namespace postern::rules {

namespace {

constexpr int kMaxDepth = 10;              // local: groups in groups, includes in includes
constexpr std::size_t kMaxRules = 20'000;  // local

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "presets/inbound.yaml" is the group "inbound".
std::string group_name(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  if (slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file.substr(0, file.rfind('.')));
}

void check_keys(const Node& item, std::string_view what, std::span<const std::string_view> known, Problems& problems) {
  for (const auto& [key, value] : item.entries) {
    if (is_one_of(key.text, known)) continue;
    const std::vector<std::string> names(known.begin(), known.end());
    problems.error(key.where, fmt::format("{} has no key \"{}\"", what, printable(key.text)),
                   did_you_mean(key.text, names));
  }
}

}  // namespace

std::optional<bool> read_flag(const Node& node, std::string_view key, Problems& problems) {
  bool on = false;
  if (node.is_scalar() && parse_flag(node.text, on)) return on;
  problems.error(node.where, fmt::format("{} is true or false", key));
  return std::nullopt;
}

bool RuleReader::is_later(std::string_view name) const {
  return std::find(source_.later_rules.begin(), source_.later_rules.end(), name) != source_.later_rules.end();
}

bool RuleReader::claim(const std::string& name, const Place& where) {
  const auto [at, fresh] = names_.emplace(name, where);
  if (!fresh)
    problems_.error(
        where, fmt::format("there is a rule or group \"{}\" already, in line {}", printable(name), at->second.line));
  return fresh;
}

void RuleReader::read() {
  Frame frame;
  frame.definitions = read_definitions(source_.define, nullptr);
  if (source_.all_monitored) frame.monitor = true;
  if (source_.rules != nullptr && !source_.rules->is_null()) read_list(*source_.rules, frame);
}

const Definitions* RuleReader::read_definitions(const Node* section, const Definitions* outer) {
  definitions_.push_back(outer != nullptr ? *outer : Definitions());
  Definitions& own = definitions_.back();
  if (section == nullptr || section->is_null()) return &own;
  if (!section->is_map()) {
    problems_.error(section->where, fmt::format("define: wants names with conditions, not {}", section->describe()));
    return &own;
  }
  for (const auto& [name, condition] : section->entries) {
    if (!is_name(name.text)) {
      problems_.error(name.where, fmt::format("\"{}\" is no name", printable(name.text)), "letters, digits, - and _");
    } else if (find_fact(name.text) != nullptr || is_check_name(name.text) || name.text == "always") {
      problems_.error(name.where, fmt::format("\"{}\" is a fact already", name.text), "choose another name");
    } else {
      own[name.text] = {&condition, name.where, parse_expression(condition, problems_)};
    }
  }
  return &own;
}

void RuleReader::read_list(const Node& list, const Frame& frame) {
  if (!list.is_list())
    return problems_.error(list.where, fmt::format("rules: wants a list of rules, not {}", list.describe()),
                           "each rule begins with \"- name:\"");
  for (const Node& item : list.items) {
    if (rules.size() >= kMaxRules) return problems_.error(item.where, fmt::format("more than {} rules", kMaxRules));
    if (!item.is_map()) {
      problems_.error(item.where,
                      fmt::format("a rule is a map with name:, when: and actions, not {}", item.describe()));
    } else if (const Node* group = item.find("group")) {
      read_group(item, *group, frame);
    } else if (const Node* include = item.find("include")) {
      read_include(item, *include, frame);
    } else {
      read_rule(item, frame);
    }
  }
}

void RuleReader::read_shared_keys(const Node& item, Frame& frame) {
  if (const Node* monitor = item.find("monitor")) {
    const auto on = read_flag(*monitor, "monitor", problems_);
    if (on && !source_.all_monitored) frame.monitor = *on;  // `mode: monitor` cannot be overruled
  }
  if (const Node* unavailable = item.find("unavailable")) {
    if (unavailable->is_scalar() && unavailable->text == "skip")
      frame.unavailable = Unavailable::skip;
    else if (unavailable->is_scalar() && unavailable->text == "defer")
      frame.unavailable = Unavailable::defer;
    else
      problems_.error(unavailable->where, "unavailable is skip or defer");
  }
  if (const Node* split = item.find("split")) {
    if (split->is_scalar() && split->text == "retry")
      frame.split = Split::retry;
    else if (split->is_scalar() && split->text == "whole")
      frame.split = Split::whole;
    else if (split->is_scalar() && split->text == "notice")
      problems_.later(split->where, "split notice");
    else
      problems_.error(split->where, "split is retry, notice or whole");
  }
}

RuleReader::Frame RuleReader::open_group(const Node& item, std::string name, const Place& where, const Frame& outer) {
  Frame frame = outer;
  ++frame.depth;
  frame.change = nullptr;
  read_shared_keys(item, frame);
  claim(name, where);
  groups.push_back({std::move(name), where, outer.group, item.find("when"), outer.definitions,
                    frame.monitor.value_or(false), rules.size(), rules.size()});
  frame.group = groups.size() - 1;
  return frame;
}

void RuleReader::read_group(const Node& item, const Node& name, const Frame& outer) {
  constexpr std::array<std::string_view, 6> kKeys{"group", "when", "monitor", "unavailable", "split", "rules"};
  check_keys(item, "a group", kKeys, problems_);
  if (!name.is_scalar() || !is_name(name.text))
    return problems_.error(name.where, "group: wants a name", "letters, digits, - and _");
  if (outer.depth >= kMaxDepth)
    return problems_.error(name.where, fmt::format("more than {} groups in groups", kMaxDepth));
  Frame frame = open_group(item, outer.prefix + name.text, name.where, outer);
  frame.change = outer.change;
  const std::size_t self = *frame.group;
  if (const Node* list = item.find("rules"))
    read_list(*list, frame);
  else
    problems_.error(name.where, fmt::format("group \"{}\" has no rules", name.text));
  groups[self].last = rules.size();
}

void RuleReader::read_include(const Node& item, const Node& name, const Frame& outer) {
  constexpr std::array<std::string_view, 6> kKeys{"include", "change", "when", "monitor", "unavailable", "split"};
  check_keys(item, "an include", kKeys, problems_);
  if (!name.is_scalar() || name.text.empty())
    return problems_.error(name.where, "include: wants the name of a file", "presets/inbound.yaml");
  const bool open = std::find(open_includes_.begin(), open_includes_.end(), name.text) != open_includes_.end();
  if (open || outer.depth >= kMaxDepth)
    return problems_.error(name.where, fmt::format("\"{}\" includes itself", printable(name.text)));
  if (!source_.include) return problems_.error(name.where, "nothing can be included here");
  const std::string group = outer.prefix + group_name(name.text);
  if (!is_name(group_name(name.text)))
    return problems_.error(name.where, fmt::format("\"{}\" gives no name for its rules", printable(name.text)));
  Result<Node> file = source_.include(name.text, name.where);
  if (!file)
    return problems_.error(file.error().where.line > 0 ? file.error().where : name.where, file.error().message);
  included_.push_back(std::move(*file));
  const Node& root = included_.back();

  Frame frame = open_group(item, group, name.where, outer);
  frame.prefix = group + '/';
  frame.change = item.find("change");
  if (frame.change != nullptr && !frame.change->is_map()) {
    problems_.error(frame.change->where, fmt::format("change: wants rules by name, not {}", frame.change->describe()),
                    "change: {NAME: {monitor: true}, OTHER: off}");
    frame.change = nullptr;
  }
  const std::size_t self = *frame.group;
  const std::size_t first = rules.size();
  open_includes_.push_back(name.text);
  if (root.is_map()) {
    constexpr std::array<std::string_view, 3> kFileKeys{"version", "define", "rules"};
    check_keys(root, "an included file", kFileKeys, problems_);
    frame.definitions = read_definitions(root.find("define"), outer.definitions);
    if (const Node* list = root.find("rules"); list != nullptr && !list->is_null()) read_list(*list, frame);
  } else if (!root.is_null()) {
    read_list(root, frame);
  }
  open_includes_.pop_back();
  groups[self].last = rules.size();
  if (frame.change != nullptr) check_changes(*frame.change, frame.prefix, first);
}

void RuleReader::check_changes(const Node& change, const std::string& prefix, std::size_t first) {
  std::vector<std::string> known;
  for (std::size_t i = first; i < rules.size(); ++i) {
    if (rules[i].name.starts_with(prefix)) known.push_back(rules[i].name.substr(prefix.size()));
  }
  for (const std::string& name : switched_off) {
    if (name.starts_with(prefix)) known.push_back(name.substr(prefix.size()));
  }
  for (const auto& [key, value] : change.entries) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    if (is_later(prefix + key.text))
      problems_.later(key.where, fmt::format("rule {}{}", prefix, key.text));
    else
      problems_.error(key.where, fmt::format("there is no rule \"{}{}\" to change", prefix, printable(key.text)),
                      did_you_mean(key.text, known));
  }
}

// False when the rule is switched off.
bool RuleReader::apply_change(const Frame& frame, std::string_view name, Node& keys) {
  const Node* change = frame.change == nullptr ? nullptr : frame.change->find(name);
  if (change == nullptr) return true;
  bool on = true;
  if (change->is_scalar() && parse_flag(change->text, on)) return on;
  if (!change->is_map()) {
    problems_.error(change->where, fmt::format("a change is a map of keys, or off, not {}", change->describe()));
    return true;
  }
  for (const auto& [key, value] : change->entries) {
    if (key.text == "name") {
      problems_.error(key.where, "a change can not give another name");
      continue;
    }
    const ActionDoc* action = find_action(key.text);
    if (action != nullptr && action->final) {  // a rule has one: the new one stands for the old
      std::erase_if(keys.entries, [](const auto& entry) {
        const ActionDoc* old = find_action(entry.first.text);
        return old != nullptr && old->final;
      });
    }
    const auto same = std::find_if(keys.entries.begin(), keys.entries.end(),
                                   [&name = key.text](const auto& entry) { return entry.first.text == name; });
    if (same != keys.entries.end())
      *same = {key, value};
    else
      keys.entries.emplace_back(key, value);
  }
  return true;
}

void RuleReader::read_rule(const Node& item, const Frame& outer) {
  const Node* name = item.find("name");
  if (name == nullptr) return problems_.error(item.where, "a rule has no name", "name: NAME");
  if (!name->is_scalar() || !is_name(name->text))
    return problems_.error(name->where, "name: wants a name", "letters, digits, - and _");
  DraftRule rule;
  rule.name = outer.prefix + name->text;
  rule.prefix = outer.prefix;
  rule.where = name->where;
  if (!claim(rule.name, rule.where)) return;
  rule.keys = item;
  if (!apply_change(outer, name->text, rule.keys)) {
    switched_off.insert(rule.name);
    return;
  }
  Frame frame = outer;
  read_shared_keys(rule.keys, frame);
  rule.group = frame.group;
  rule.definitions = frame.definitions;
  rule.monitored = frame.monitor.value_or(false);
  rule.unavailable = frame.unavailable;
  rule.split = frame.split;
  rules.push_back(std::move(rule));
}

}  // namespace postern::rules
