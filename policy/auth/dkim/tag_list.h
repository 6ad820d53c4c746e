#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace postern::dkim {

constexpr std::size_t kMostTagListBytes = 16 * 1024;  // FAULTS T31
constexpr std::size_t kMostTags = 100;                // local: 15 are defined

/// White space as a folded field or a record may hold it (FWS of RFC 6376 2.8).
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// A tag=value list (RFC 6376 3.2): signature fields, those of ARC, and key records. It points into the text that it
/// was read from, which the caller keeps.
class TagList {
 public:
  struct Tag {
    std::string_view name;   ///< as written: names have a case
    std::string_view value;  ///< without the white space around it; may hold folds
    std::string_view whole;  ///< with it: all between "=" and ";"
  };

  /// Nothing where it is none: no "=", an odd name, a tag that is there twice, controls in a value, over 16 KiB or 100
  /// tags. Bytes above 0x7f may stand in values (RFC 8616 4).
  static std::optional<TagList> parse(std::string_view text);

  /// The value of the tag, if it is there.
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<Tag>& tags() const { return tags_; }
  /// Is there nothing between two semicolons?
  bool has_gap() const { return has_gap_; }

 private:
  bool has_gap_ = false;
  std::vector<Tag> tags_;
};

/// The parts of a list with colons, in h=, q=, s= and t=, without the white space around them.
std::vector<std::string_view> colon_list(std::string_view value);

}  // namespace postern::dkim
