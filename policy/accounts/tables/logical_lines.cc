#include "policy/accounts/tables/logical_lines.h"

namespace postern::accounts {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<LogicalLine> logical_lines(const std::string& name, std::string_view text, Problems& problems) {
  std::vector<LogicalLine> lines;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::size_t first = 0;
    while (first < line.size() && is_blank(line[first])) ++first;
    if (first == line.size() || line[first] == '#') continue;
    if (first == 0) {
      lines.push_back({number, std::string(line)});
    } else if (lines.empty()) {
      problems.warning({name, number, 1}, "the line continues nothing, and is passed over", "no blank in front");
    } else {
      lines.back().text += line;
    }
  }
  for (LogicalLine& line : lines) {
    while (!line.text.empty() && is_blank(line.text.back())) line.text.pop_back();
  }
  return lines;
}

}  // namespace postern::accounts
