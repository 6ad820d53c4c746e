#include "tests/house/documents.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "tests/house/source_tree.h"

namespace postern::house {

namespace {

constexpr std::string_view kSite = "site: {hostname: mx.example.org, domains: [example.org]}\n";

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

void add_commands(const std::string& code, std::vector<std::string>& commands) {
  static const std::regex kCommand("(?:^|[\\s/])postern ([a-z][a-z-]*)");
  for (std::sregex_iterator it(code.begin(), code.end(), kCommand), end; it != end; ++it) commands.push_back((*it)[1]);
}

bool has_key(const std::vector<std::string>& lines, std::string_view key) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(key); });
}

}  // namespace

std::vector<Block> blocks_of(std::string_view markdown) {
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (const std::string& line : lines_of(markdown)) {
    ++number;
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({number + 1, line.substr(3), {}});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::vector<std::string> commands_of(std::string_view markdown) {
  std::vector<std::string> commands;
  bool inside = false;
  bool shell = false;
  static const std::regex kInline("`([^`]+)`");
  for (const std::string& line : lines_of(markdown)) {
    if (line.starts_with("```")) {
      inside = !inside;
      shell = line == "```" || line == "```sh" || line == "```shell" || line == "```console";
    } else if (inside && shell) {
      add_commands(line, commands);
    } else if (!inside) {
      for (std::sregex_iterator it(line.begin(), line.end(), kInline), end; it != end; ++it)
        add_commands((*it)[1], commands);
    }
  }
  return commands;
}

std::vector<std::vector<std::string>> rows_of(std::string_view markdown) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines_of(markdown)) {
    if (!line.starts_with('|')) continue;
    std::vector<std::string> cells;
    std::string cell;
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|')
        cell += line[++i];
      else if (line[i] != '|')
        cell += line[i];
      else
        cells.push_back(trimmed(std::exchange(cell, {})));
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

std::string as_configuration(const std::string& block) {
  const std::vector<std::string> lines = lines_of(block);
  const auto first =
      std::find_if(lines.begin(), lines.end(), [](const std::string& l) { return !l.empty() && !l.starts_with('#'); });
  if (first == lines.end() || !first->starts_with("-"))
    return has_key(lines, "site:") ? block : block + std::string(kSite);
  std::string text = std::string(kSite) + "rules:\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
  if (block.find("include:") == std::string::npos)
    text += "  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n";
  return text;
}

std::vector<std::string> announced(std::string_view block) {
  constexpr std::string_view kMark = "# not in this version: ";
  std::vector<std::string> names;
  for (const std::string& line : lines_of(block)) {
    const std::size_t at = line.find(kMark);
    if (at != std::string::npos) names.push_back(line.substr(at + kMark.size()));
  }
  return names;
}

}  // namespace postern::house
