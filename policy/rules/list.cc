#include "policy/rules/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/base/settings.h"
#include "policy/base/text.h"
#include "policy/rules/file_list.h"
#include "policy/rules/list_entries.h"

namespace postern::rules {

namespace {

// Entries of the configuration, and of any number of files.
class CompiledList final : public List {
 public:
  Answer contains(const Value& value, std::int64_t unix_time) const override {
    if (entries.contains(value, unix_time)) return Answer::yes;
    bool missing = false;
    for (const auto& file : files) {
      const auto current = file->current();
      if (!current)
        missing = true;
      else if (current->contains(value, unix_time))
        return Answer::yes;
    }
    return missing ? Answer::unavailable : Answer::no;
  }
  Unavailable when_unavailable() const override { return unavailable; }
  std::size_t size() const override {
    std::size_t n = entries.size();
    for (const auto& file : files) {
      if (const auto current = file->current()) n += current->size();
    }
    return n;
  }
  std::vector<std::string> refresh() override {
    std::vector<std::string> troubles;
    for (const auto& file : files) {
      for (std::string& trouble : file->refresh()) troubles.push_back(std::move(trouble));
    }
    return troubles;
  }

  ListEntries entries;
  std::vector<std::unique_ptr<FileEntries>> files;
  Unavailable unavailable = Unavailable::skip;
};

void add_file(CompiledList& list, std::string_view path, const std::string& folder, const Place& where,
              Problems& problems) {
  std::string full(path);
  if (full.empty()) return problems.error(where, "file: wants a path", "file:/etc/postern/domains");
  if (full.front() != '/' && !folder.empty()) full = folder + '/' + full;
  list.files.push_back(std::make_unique<FileEntries>(std::move(full)));
  list.files.back()->load(where, problems);
}

void add_entries(CompiledList& list, const Node& node, const std::string& folder, Problems& problems) {
  for (const Node& item : node.items) {
    if (!item.is_scalar()) {
      problems.error(item.where, fmt::format("an entry of a list is one text, not {}", item.describe()));
    } else if (item.text.starts_with("file:")) {
      add_file(list, std::string_view(item.text).substr(5), folder, item.where, problems);
    } else if (const auto trouble = list.entries.add(item.text)) {
      problems.error(item.where, *trouble);
    }
  }
}

void add_map(CompiledList& list, std::string_view name, const Node& node, const std::string& folder,
             Problems& problems) {
  constexpr std::array<std::string_view, 5> kTypes{"inline", "file", "sql", "ldap", "dns"};
  const Node* type = node.find("type");
  if (type != nullptr && type->is_scalar() && (type->text == "sql" || type->text == "ldap" || type->text == "dns")) {
    problems.later(type->where, fmt::format("list type {}", type->text));
    return;  // its other keys belong to that type
  }
  Settings settings(fmt::format("lists.{}", name), &node, problems);
  const std::string kind = settings.word("type", "inline", kTypes, "where the entries are");
  const std::array<std::string_view, 2> kUnavailable{"skip", "defer"};
  if (settings.word("unavailable", "skip", kUnavailable, "what a rule does while the list can not be had") == "defer")
    list.unavailable = Unavailable::defer;
  if (kind == "file") {
    const Node* path = settings.node("path", "path", "", "the file");
    if (path == nullptr || !path->is_scalar())
      problems.error(path == nullptr ? node.where : path->where, fmt::format("lists.{} wants a path", name),
                     "path: /etc/postern/list");
    else
      add_file(list, path->text, folder, path->where, problems);
  } else {
    const Node* entries = settings.node("entries", "list", "", "the entries");
    if (entries == nullptr || !entries->is_list())
      problems.error(entries == nullptr ? node.where : entries->where, fmt::format("lists.{} wants entries", name),
                     "entries: [example.org]");
    else
      add_entries(list, *entries, folder, problems);
  }
  settings.finish();
}

}  // namespace

std::shared_ptr<List> Lists::find(std::string_view name) const {
  const auto found = std::find_if(lists_.begin(), lists_.end(), [&](const auto& entry) { return entry.first == name; });
  return found == lists_.end() ? nullptr : found->second;
}

void Lists::add(std::string name, std::shared_ptr<List> list) { lists_.emplace_back(std::move(name), std::move(list)); }

std::vector<std::string> Lists::names() const {
  std::vector<std::string> names;
  for (const auto& [name, list] : lists_) names.push_back(name);
  return names;
}

std::shared_ptr<List> compile_list(std::string_view name, const Node& node, const std::string& folder,
                                   Problems& problems) {
  auto list = std::make_shared<CompiledList>();
  if (node.is_list())
    add_entries(*list, node, folder, problems);
  else if (node.is_map())
    add_map(*list, name, node, folder, problems);
  else if (node.is_scalar() && node.text.starts_with("file:"))
    add_file(*list, std::string_view(node.text).substr(5), folder, node.where, problems);
  else
    problems.error(node.where, fmt::format("list \"{}\" wants entries, not {}", printable(name), node.describe()),
                   "[example.org, .example.net], or {type: file, path: …}");
  return list;
}

}  // namespace postern::rules
