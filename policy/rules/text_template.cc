#include "policy/rules/text_template.h"

#include "policy/base/text.h"

namespace postern::rules {

Template parse_template(const Node& node, const ResolvePiece& resolve, Problems& problems) {
  Template result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.pieces.push_back({Template::Piece::Kind::literal, std::move(literal), 0});
    literal.clear();
  };
  const std::string_view text = node.text;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      literal += text[at++];
      continue;
    }
    if (text.substr(at).starts_with("{{")) {
      literal += '{';
      at += 2;
      continue;
    }
    const std::size_t close = text.find('}', at);
    if (close == std::string_view::npos) {
      problems.error(node.at(at), "this { is never closed", "{{ prints a brace");
      break;
    }
    flush();
    const std::string_view name = trim(text.substr(at + 1, close - at - 1));
    if (name.empty())
      problems.error(node.at(at), "{ } names no fact", "{{ prints a brace");
    else if (auto piece = resolve(name, node.at(at + 1)))
      result.pieces.push_back(std::move(*piece));
    at = close + 1;
  }
  flush();
  return result;
}

}  // namespace postern::rules
