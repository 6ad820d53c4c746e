#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::dns {

/// One word or string of master text. Views into the text that was given.
struct ZoneWord {
  std::string_view text;  ///< escapes as they stand; a string without its quotes
  bool quoted = false;
  int line = 0;
  int column = 0;
};

/// The words that belong together: those of a line, or of several where parentheses join them.
struct ZoneEntry {
  enum class Kind { record, directive, fault };
  Kind kind = Kind::record;
  bool continued = false;       ///< begins with a blank: belongs to the name before it
  std::vector<ZoneWord> words;  ///< at least one
};

/// What is wrong with a text, and where.
struct ZoneFailure {
  std::string message;
  int line = 0;
  int column = 0;
};

/// Cuts master text (RFC 1035 5.1) into entries; comment lines `; FAULT …` are entries too. The text outlives it.
class ZoneLexer {
 public:
  explicit ZoneLexer(std::string_view text) : text_(text) {}

  /// False at the end, or at the first thing that is wrong.
  bool next(ZoneEntry& entry);
  const std::optional<ZoneFailure>& failure() const { return failure_; }

 private:
  bool read_fault_line(ZoneEntry& entry);
  void read_line(ZoneEntry& entry);
  ZoneWord quoted(ZoneWord word);
  ZoneWord unquoted(ZoneWord word);
  void fail(const ZoneWord& at, std::string message);
  void next_line();
  int column() const { return static_cast<int>(at_ - line_start_) + 1; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  std::optional<ZoneFailure> failure_;
};

}  // namespace postern::dns
