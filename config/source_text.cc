#include "config/source_text.h"

#include <algorithm>
#include <cstdint>

namespace postern::config {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_break(char c) { return c == '\n' || c == '\r'; }

/// Bytes of the UTF-8 character that begins with `first`.
std::size_t character_bytes(char first) {
  const auto c = static_cast<unsigned char>(first);
  if (c < 0xc0) return 1;
  if (c < 0xe0) return 2;
  return c < 0xf0 ? 3 : 4;
}

/// Bytes of the escape that begins at a backslash (YAML 1.2.2, 5.7).
std::size_t escape_bytes(char kind) {
  switch (kind) {
    case 'x': return 4;
    case 'u': return 6;
    case 'U': return 10;
    default: return 2;
  }
}

}  // namespace

SourceText::SourceText(std::string file, std::string_view text) : file_(std::move(file)), text_(text), line_starts_{0} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

Place SourceText::place(std::size_t offset) const {
  const std::size_t end = std::min(offset, text_.size());
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), end);
  const std::size_t line_start = *(next - 1);
  if (last_offset_ < line_start || last_offset_ > end) {
    last_offset_ = line_start;
    last_column_ = 1;
  }
  for (; last_offset_ < end; ++last_offset_) {
    if ((static_cast<unsigned char>(text_[last_offset_]) & 0xc0) != 0x80) ++last_column_;
  }
  return {file_, static_cast<int>(next - line_starts_.begin()), last_column_};
}

std::size_t SourceText::offset(int line, int byte_column) const {
  if (line < 0 || static_cast<std::size_t>(line) >= line_starts_.size()) return text_.size();
  return std::min(line_starts_[static_cast<std::size_t>(line)] + static_cast<std::size_t>(std::max(byte_column, 0)),
                  text_.size());
}

SourceText::Style SourceText::style_at(std::size_t offset) const {
  switch (offset < text_.size() ? text_[offset] : ' ') {
    case '\'': return Style::single_quoted;
    case '"': return Style::double_quoted;
    case '|':
    case '>': return Style::block;
    default: return Style::plain;
  }
}

std::vector<Node::Run> SourceText::runs(std::size_t offset, Style style, std::string_view value,
                                        std::size_t& end) const {
  std::vector<Node::Run> result;
  std::size_t source = offset;
  std::size_t i = 0;
  const auto piece = [&] {
    const Place p = place(source);
    if (!result.empty() && result.back().offset == i) result.pop_back();
    result.push_back({i, p.line, p.column});
  };
  // A line end is folded into a blank, kept, or dropped: either side's white space says nothing of the other's.
  const auto fold = [&] {
    while (source < text_.size() && (is_blank(text_[source]) || is_break(text_[source]))) ++source;
    while (i < value.size() && (value[i] == ' ' || value[i] == '\n')) ++i;
    piece();
  };

  if (style == Style::plain && text_.substr(offset, value.size()) == value) {
    end = offset + value.size();
    return result;
  }
  if (style == Style::block) {
    while (source < text_.size() && text_[source] != '\n') ++source;
    fold();
  } else if (style != Style::plain) {
    ++source;
    piece();
  }
  while (i < value.size() && source < text_.size()) {
    const char c = text_[source];
    if (style == Style::double_quoted && c == '\\' && source + 1 < text_.size()) {
      if (is_break(text_[source + 1])) {
        ++source;
        while (source < text_.size() && (is_blank(text_[source]) || is_break(text_[source]))) ++source;
      } else {
        source += escape_bytes(text_[source + 1]);
        i += character_bytes(value[i]);
      }
      piece();
    } else if (style == Style::single_quoted && text_.substr(source, 2) == "''") {
      source += 2;
      ++i;
      piece();
    } else if (is_break(c)) {
      fold();
    } else if (c == value[i]) {
      ++source;
      ++i;
    } else if (is_blank(c)) {
      fold();
    } else {
      break;
    }
  }
  end = std::min(source, text_.size());
  return result;
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0) return BadByte{i, "a NUL byte"};
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return BadByte{i, "a control byte"};
    if (c < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = character_bytes(text[i]);
    if (c < 0xc2 || c > 0xf4 || i + length > text.size()) return BadByte{i, "a byte that is no UTF-8"};
    std::uint32_t point = c & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return BadByte{i, "a byte that is no UTF-8"};
      point = point << 6 | (next & 0x3f);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff)
      return BadByte{i, "a byte that is no UTF-8"};  // RFC 3629 3
    i += length;
  }
  return std::nullopt;
}

}  // namespace postern::config
