#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/dns/domain.h"

namespace postern::spf {

constexpr std::size_t kMostMacros = 127;          // local: a name has no more labels; what has more is there to cost
constexpr std::size_t kMostExpandedBytes = 4096;  // local: a name has 253, an explanation a line of a reply

/// A macro-string (RFC 7208 7.1), whose syntax holds, of at most kMostMacros macros.
class MacroString {
 public:
  /// What a macro letter (lower case) stands for; nothing where it cannot be had.
  using Values = std::function<std::optional<std::string>(char letter)>;

  /// As a modifier that nobody knows has it: any macro-string, the empty one as well.
  static std::optional<MacroString> parse(std::string_view text);
  /// As mechanisms and modifiers name a target: ends in a top label or a macro, and has no `c`, `r`, `t`.
  static std::optional<MacroString> parse_domain_spec(std::string_view text);
  /// As the text that `exp=` leads to: with spaces (RFC 7208 6.2).
  static std::optional<MacroString> parse_explanation(std::string_view text);

  /// Does it have this macro letter, given in lower case?
  bool uses(char letter) const;
  /// The text; nothing where one of `values` cannot be had. Of a longer one the last `kMostExpandedBytes`.
  std::optional<std::string> expand(const Values& values) const;

 private:
  struct Part {
    std::string literal = {};  // stands before the macro
    char letter = '\0';        // lower case; none at the end
    bool escaped = false;
    std::size_t keep = 0;  // right-hand parts; 0: all
    bool reversed = false;
    std::string delimiters = {};
  };
  enum class Spaces { no, yes };
  static std::optional<MacroString> parse(std::string_view text, Spaces spaces);
  static std::optional<Part> parse_braces(std::string_view inner);

  std::vector<Part> parts_;
  bool ends_in_macro_ = false;
};

/// The name that an expanded domain-spec asks for: labels are dropped from the left until 253 bytes are left
/// (RFC 7208 7.3). Nothing where a label is empty or over 63 bytes.
std::optional<Domain> target_name(std::string_view expanded);

}  // namespace postern::spf
