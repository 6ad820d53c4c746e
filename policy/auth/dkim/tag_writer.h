#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postern::dkim {

/// Writes a tag=value list for a field, folded ("\n\t") so that no line reaches 78 columns where its words allow it
/// (RFC 5322 2.1.1); a tab counts as 8.
class TagWriter {
 public:
  /// The value will stand behind `name` and ": ".
  explicit TagWriter(std::string_view name) : column_(name.size() + 2) {}

  void add(std::string_view name, std::string_view value);
  /// Parts with colons between them, folded there.
  void add_list(std::string_view name, const std::vector<std::string_view>& parts);
  /// Base64, folded anywhere.
  void add_base64(std::string_view name, std::string_view base64);

  const std::string& text() const { return text_; }

 private:
  void begin(std::string_view name, std::size_t room);
  void write(std::string_view word);
  void fold();

  std::string text_;
  std::size_t column_;
};

}  // namespace postern::dkim
