#include "config/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/read_file.h"
#include "config/yaml_reader.h"
#include "policy/base/text.h"

namespace postern::config {

namespace {

constexpr std::size_t kMaxIncludes = 64;  // local: nobody splits a configuration further

constexpr std::array kSections{
    SectionName{"version", false, "version of the language; 1"},
    SectionName{"mode", false, "enforce, or monitor: look, count and log, but never answer"},
    SectionName{"listen", false, "where the MTA reaches Postern"},
    SectionName{"answer_at", false, "the first step at which a refusal is spoken"},
    SectionName{"split", false, "what happens when recipients of one message are decided differently"},
    SectionName{"site", false, "who we are"},
    SectionName{"define", false, "names for conditions"},
    SectionName{"lists", false, "named lists of domains, addresses and networks"},
    SectionName{"accounts", false, "directories of accounts"},
    SectionName{"checks", false, "settings of the checks"},
    SectionName{"limits", false, "what is counted, and how much is allowed"},
    SectionName{"rules", false, "what is done with what the checks find, in order"},
    SectionName{"texts", true, "texts of replies and notices in other languages"},
    SectionName{"notices", false, "whom rules notify, and how"},
    SectionName{"patterns", true, "files of patterns"},
    SectionName{"store", false, "where counters and caches are kept"},
    SectionName{"dns", false, "how questions to the DNS are asked"},
    SectionName{"admin", false, "the daemon's own business: control socket, threads, stopping"},
    SectionName{"journal", true, "how long decisions are kept"},
    SectionName{"log", false, "form and amount of the log"},
    SectionName{"sign", false, "DKIM and ARC signing"},
    SectionName{"tests", true, "cases that must come out so"},
    SectionName{"include", false, "further files with sections"},
};

const SectionName* find_name(std::string_view name) {
  const auto found =
      std::find_if(kSections.begin(), kSections.end(), [&](const SectionName& s) { return s.name == name; });
  return found == kSections.end() ? nullptr : &*found;
}

bool is_scalar_section(std::string_view name) {
  return name == "version" || name == "mode" || name == "answer_at" || name == "split";
}

}  // namespace

std::span<const SectionName> section_names() { return kSections; }

std::string below(const std::string& folder, const std::string& path) {
  if (path.starts_with('/') || folder.empty()) return path;
  return folder.ends_with('/') ? folder + path : folder + "/" + path;
}

Sections::Sections(Node root, const std::string& folder, Problems& problems) {
  scalars_.kind = Node::Kind::map;
  documents_.push_back(std::make_unique<const Node>(std::move(root)));
  const Node& own = *documents_.front();
  take(own, false, problems);
  if (const Node* names = own.is_map() ? own.find("include") : nullptr) include(*names, folder, problems);
  for (const Section& section : sections_) {
    if (is_scalar_section(section.key->text)) scalars_.entries.emplace_back(*section.key, *section.value);
  }
}

void Sections::take(const Node& root, bool included, Problems& problems) {
  if (root.is_null()) return;
  if (!root.is_map()) {
    problems.error(root.where, fmt::format("a configuration is a map of sections, not {}", root.describe()),
                   "it begins with a line like \"version: 1\"");
    return;
  }
  for (const auto& [key, value] : root.entries) {
    const SectionName* name = find_name(key.text);
    if (name == nullptr) {
      std::vector<std::string> names;
      for (const SectionName& s : kSections) names.emplace_back(s.name);
      const std::string hint = did_you_mean(key.text, names);
      problems.error(key.where, fmt::format("there is no section \"{}\"", printable(key.text, 60)),
                     hint.empty() ? "sections are " + join(names, ", ") : hint);
    } else if (name->later) {
      problems.later(key.where, "section " + key.text);
    } else if (key.text == "include") {
      if (included)
        problems.error(key.where, "an included file includes no other", "name all files in the main configuration");
    } else {
      const auto same = std::find_if(sections_.begin(), sections_.end(),
                                     [&text = key.text](const Section& s) { return s.key->text == text; });
      if (same == sections_.end())
        sections_.push_back({&key, &value});
      else if (key.text != "version" || value.text != same->value->text)  // every file may state its version
        problems.error(key.where, fmt::format("the section \"{}\" is given twice", key.text),
                       fmt::format("first in {}:{}", same->key->where.file, same->key->where.line));
    }
  }
}

void Sections::include(const Node& names, const std::string& folder, Problems& problems) {
  std::vector<const Node*> files;
  if (names.is_scalar())
    files.push_back(&names);
  else if (names.is_list())
    for (const Node& item : names.items) files.push_back(&item);
  else if (!names.is_null())
    problems.error(names.where, fmt::format("include wants file names, not {}", names.describe()));
  if (files.size() > kMaxIncludes) {
    problems.error(names.where, fmt::format("over {} files are included", kMaxIncludes));
    return;
  }
  for (const Node* file : files) {
    if (!file->is_scalar() || file->text.empty()) {
      problems.error(file->where, fmt::format("include wants file names, this is {}", file->describe()));
      continue;
    }
    std::string why;
    const std::string path = below(folder, file->text);
    const auto text = read_file(path, why);
    if (!text) {
      problems.error(file->where, fmt::format("{} cannot be read: {}", printable(path), why));
      continue;
    }
    if (std::optional<Node> root = read_yaml(path, *text, problems)) {
      documents_.push_back(std::make_unique<const Node>(std::move(*root)));
      take(*documents_.back(), true, problems);
    }
  }
}

const Node* Sections::find(std::string_view name) const {
  for (const Section& section : sections_) {
    if (section.key->text == name) return section.value->is_null() ? nullptr : section.value;
  }
  return nullptr;
}

}  // namespace postern::config
