#include "config/accounts_section.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/node_text.h"
#include "config/placed_texts.h"
#include "config/yaml_reader.h"
#include "policy/accounts/covered_directory.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

using accounts::DirectoryType;

constexpr std::size_t kMostDirectories = 32;  // local

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const DirectoryType& type : accounts::directory_types()) names.emplace_back(type.name);
  return names;
}

const DirectoryType* find_type(std::string_view name) {
  const auto types = accounts::directory_types();
  const auto found = std::find_if(types.begin(), types.end(), [&](const DirectoryType& t) { return t.name == name; });
  return found == types.end() ? nullptr : &*found;
}

bool is_directory_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::vector<Domain> read_domains(Settings& s) {
  std::vector<Domain> domains;
  for (const PlacedText& text :
       placed_texts(s, "domains", "list of domains", "all", "the domains whose addresses and logins it knows")) {
    if (const auto domain = Domain::parse(text.text))
      domains.push_back(*domain);
    else
      s.problems().error(text.where, fmt::format("\"{}\" is no domain", printable(text.text, 60)));
  }
  return domains;
}

// The settings of one directory, those of its type last.
accounts::MakeDirectory read_directory(Settings& s, const DirectoryType& type, const std::string& name,
                                       const std::string& folder) {
  s.text("name", "", "what rules, `ask:` and the log call it");
  s.text("type", type.name, type.doc);
  std::vector<Domain> domains = read_domains(s);
  const accounts::DirectoryReading reading{
      .name = name, .folder = folder, .yaml = [](const std::string& path, const std::string& text, Problems& problems) {
        return read_yaml(path, text, problems);
      }};
  accounts::MakeDirectory make = type.read(s, reading);
  s.finish();
  if (!make || domains.empty()) return make;
  return [make = std::move(make), domains = std::move(domains)](const accounts::DirectoryMaking& making) {
    return std::make_shared<accounts::CoveredDirectory>(make(making), domains);
  };
}

std::string text_at(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  return value != nullptr && value->is_scalar() ? value->text : std::string();
}

}  // namespace

std::vector<DirectorySpec> read_accounts(const Node* section, const std::string& folder, Problems& problems) {
  std::vector<DirectorySpec> specs;
  if (section == nullptr) return specs;
  if (!section->is_list()) {
    problems.error(section->where, fmt::format("accounts wants a list of directories, not {}", section->describe()),
                   "write accounts: [{name: mailboxes, type: file, path: accounts.yaml}]");
    return specs;
  }
  if (section->items.size() > kMostDirectories)
    problems.error(section->where, fmt::format("over {} directories", kMostDirectories));
  for (const Node& item : section->items) {
    if (!item.is_map()) {
      problems.error(item.where, fmt::format("a directory is a map, not {}", item.describe()),
                     "write {name: mailboxes, type: file, path: accounts.yaml}");
      continue;
    }
    const std::string name = text_at(item, "name");
    const Node* type_node = item.find("type");
    const std::string type_name = text_at(item, "type");
    if (!is_directory_name(name))
      problems.error(item.where, "a directory wants a name",
                     "letters, digits, dots, - and _, at most 64: name: mailboxes");
    if (name == "directories" || name == "callout")
      problems.error(item.where, fmt::format("no directory can be called \"{}\"", name),
                     "`ask:` means something else by it");
    const auto same = [&](const DirectorySpec& s) { return s.name == name; };
    if (std::any_of(specs.begin(), specs.end(), same))
      problems.error(item.where, fmt::format("two directories are called \"{}\"", printable(name, 60)));
    const DirectoryType* type = find_type(type_name);
    if (type == nullptr) {
      const std::vector<std::string> names = type_names();
      const std::string hint = did_you_mean(type_name, names);
      problems.error(type_node == nullptr ? item.where : type_node->where,
                     type_node == nullptr ? "a directory wants a type"
                                          : fmt::format("there is no directory type \"{}\"", printable(type_name, 60)),
                     hint.empty() ? "types are " + join(names, ", ") : hint);
      continue;
    }
    Settings settings(fmt::format("accounts.{}", name), &item, problems);
    accounts::MakeDirectory make = read_directory(settings, *type, name, folder);
    if (make) specs.push_back({name, text_of(item), std::move(make)});
  }
  return specs;
}

std::vector<Settings::Asked> settings_of(const DirectoryType& type) {
  Problems none;
  Settings settings("accounts", nullptr, none);
  read_directory(settings, type, "", "");
  return settings.asked();
}

}  // namespace postern::config
