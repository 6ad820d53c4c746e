#include "policy/auth/spf/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"

namespace postern::spf {

namespace {

constexpr std::size_t kMostNameBytes = 253;  // RFC 7208 7.3
constexpr std::size_t kMostParts = 128;      // a name has 127 labels: more is all of them (RFC 7208 7.3)

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_one_of(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

// RFC 7208 7.1: letters, digits and inner hyphens, not digits alone.
bool is_top_label(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-' || std::all_of(label.begin(), label.end(), is_digit))
    return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
}

bool ends_in_top_label(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  const std::size_t dot = text.rfind('.');
  return dot != std::string_view::npos && is_top_label(text.substr(dot + 1));
}

std::string url_escaped(std::string_view text) {  // RFC 3986 2.3
  std::string out;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || is_one_of("-._~", c))
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::vector<std::string> parts_of(std::string_view value, std::string_view delimiters) {
  std::vector<std::string> parts(1);
  for (const char c : value) {
    if (is_one_of(delimiters, c))
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

}  // namespace

// What stands between the braces: letter, digits, "r", delimiters.
std::optional<MacroString::Part> MacroString::parse_braces(std::string_view inner) {
  if (inner.empty() || !is_one_of("slodiphcrtvSLODIPHCRTV", inner.front())) return std::nullopt;
  Part part;
  part.letter = ascii_lower(inner.substr(0, 1)).front();
  part.escaped = part.letter != inner.front();
  inner.remove_prefix(1);
  const bool counted = !inner.empty() && is_digit(inner.front());
  for (; !inner.empty() && is_digit(inner.front()); inner.remove_prefix(1))
    part.keep = std::min(part.keep * 10 + static_cast<std::size_t>(inner.front() - '0'), kMostParts);
  if (counted && part.keep == 0) return std::nullopt;  // RFC 7208 7.3: nonzero
  part.reversed = !inner.empty() && (inner.front() == 'r' || inner.front() == 'R');
  if (part.reversed) inner.remove_prefix(1);
  if (!std::all_of(inner.begin(), inner.end(), [](char c) { return is_one_of(".-+,/_=", c); })) return std::nullopt;
  part.delimiters = inner.empty() ? "." : inner;
  return part;
}

std::optional<MacroString> MacroString::parse(std::string_view text, Spaces spaces) {
  MacroString parsed;
  std::string literal;
  while (!text.empty()) {
    const char c = text.front();
    parsed.ends_in_macro_ = c == '%';
    if (c != '%') {
      if ((c < 0x21 || c > 0x7e) && (c != ' ' || spaces == Spaces::no)) return std::nullopt;
      literal += c;
      text.remove_prefix(1);
      continue;
    }
    if (text.size() < 2) return std::nullopt;
    if (is_one_of("%_-", text[1])) {
      literal += text[1] == '%' ? "%" : text[1] == '_' ? " " : "%20";
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (text[1] != '{' || end == std::string_view::npos) return std::nullopt;
    auto part = parse_braces(text.substr(2, end - 2));
    if (!part || parsed.parts_.size() == kMostMacros) return std::nullopt;
    part->literal = std::exchange(literal, {});
    parsed.parts_.push_back(*std::move(part));
    text.remove_prefix(end + 1);
  }
  if (!literal.empty()) parsed.parts_.push_back({.literal = std::move(literal)});
  return parsed;
}

std::optional<MacroString> MacroString::parse(std::string_view text) { return parse(text, Spaces::no); }

std::optional<MacroString> MacroString::parse_explanation(std::string_view text) { return parse(text, Spaces::yes); }

std::optional<MacroString> MacroString::parse_domain_spec(std::string_view text) {
  auto parsed = parse(text, Spaces::no);
  if (!parsed || parsed->parts_.empty()) return std::nullopt;
  for (const char letter : {'c', 'r', 't'}) {
    if (parsed->uses(letter)) return std::nullopt;  // RFC 7208 7.2: allowed only in "exp" text
  }
  if (!parsed->ends_in_macro_ && !ends_in_top_label(text)) return std::nullopt;
  return parsed;
}

bool MacroString::uses(char letter) const {
  return std::any_of(parts_.begin(), parts_.end(), [letter](const Part& part) { return part.letter == letter; });
}

std::optional<std::string> MacroString::expand(const Values& values) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.literal;
    if (part.letter != '\0') {
      const auto value = values(part.letter);
      if (!value) return std::nullopt;
      std::vector<std::string> parts = parts_of(*value, part.delimiters);
      if (part.reversed) std::reverse(parts.begin(), parts.end());
      if (part.keep != 0 && part.keep < parts.size())
        parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(part.keep));
      const std::string text = join(parts, ".");
      out += part.escaped ? url_escaped(text) : text;
    }
    if (out.size() > kMostExpandedBytes) out.erase(0, out.size() - kMostExpandedBytes);
  }
  return out;
}

std::optional<Domain> target_name(std::string_view expanded) {
  if (!expanded.empty() && expanded.back() == '.') expanded.remove_suffix(1);
  while (expanded.size() > kMostNameBytes) {
    const std::size_t dot = expanded.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    expanded.remove_prefix(dot + 1);
  }
  std::string name;
  for (const std::string_view label : split(expanded, '.')) {
    if (label.empty()) return std::nullopt;
    dns::append_label(name, label);
  }
  return Domain::any_name(name);
}

}  // namespace postern::spf
