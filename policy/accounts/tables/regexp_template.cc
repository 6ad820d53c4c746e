#include "policy/accounts/tables/regexp_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostGroup = 999;  // local: no pattern has as many

bool is_name(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Takes the name behind a dollar sign off the front of `rest`: `1`, `{1}` or `(1)`.
std::string_view take_name(std::string_view& rest) {
  const bool braced = !rest.empty() && (rest.front() == '{' || rest.front() == '(');
  std::size_t end = 0;
  if (braced) {
    end = rest.find(rest.front() == '{' ? '}' : ')');
    if (end == std::string_view::npos) return {};
  } else {
    while (end < rest.size() && is_name(rest[end])) ++end;
  }
  const std::string_view name = braced ? rest.substr(1, end - 1) : rest.substr(0, end);
  rest.remove_prefix(braced ? end + 1 : end);
  return name;
}

}  // namespace

Result<RegexpTemplate> RegexpTemplate::parse(std::string_view text) {
  RegexpTemplate made;
  std::string literal;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    literal += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      literal += '$';
      text.remove_prefix(1);
      continue;
    }
    const std::string_view name = take_name(text);
    std::size_t group = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), group);
    if (error != std::errc() || end != name.data() + name.size() || group == 0 || group > kMostGroup)
      return Error{
          fmt::format("\"${}\" is no group; write $1, ${{1}} or $(1), and $$ for a dollar sign", printable(name)), {}};
    made.pieces_.push_back({std::move(literal), group});
    literal.clear();
    made.most_ = std::max(made.most_, group);
  }
  if (!literal.empty()) made.pieces_.push_back({std::move(literal), 0});
  return made;
}

std::string RegexpTemplate::fill(const std::vector<std::string_view>& groups) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    text += piece.literal;
    if (piece.group > 0 && piece.group < groups.size()) text += groups[piece.group];
  }
  return text;
}

}  // namespace postern::accounts
