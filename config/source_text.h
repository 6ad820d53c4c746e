#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/document.h"

namespace postern::config {

/// The text of a configuration file and the way from an offset in bytes to the line and column that an editor shows.
/// Keeps a view of `text`, which outlives it. Asking for places from the front to the back costs one walk over the
/// text. Not thread-safe.
class SourceText {
 public:
  SourceText(std::string file, std::string_view text);

  std::string_view text() const { return text_; }
  /// The place of the byte at `offset`; the column counts characters, from 1.
  Place place(std::size_t offset) const;
  /// The offset of a line and a column in bytes, both from 0; the end of the text where there is no such place.
  std::size_t offset(int line, int byte_column) const;

  /// How a scalar is written.
  enum class Style { plain, single_quoted, double_quoted, block };
  Style style_at(std::size_t offset) const;

  /// Where the pieces of a scalar stand that begins at `offset` and reads as `value`; one piece a line, and a new one
  /// behind each escape. Empty when `value` runs unbroken from `offset` on. `end` becomes the offset behind its last
  /// character.
  std::vector<Node::Run> runs(std::size_t offset, Style style, std::string_view value, std::size_t& end) const;

 private:
  std::string file_;
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  mutable std::size_t last_offset_ = 0;  ///< where the last place was, and its column
  mutable int last_column_ = 1;
};

/// Why `text` cannot be a configuration: a byte that is no UTF-8, or a control byte other than tab, LF and CR.
struct BadByte {
  std::size_t offset;
  std::string_view what;
};
std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace postern::config
