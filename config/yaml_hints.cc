#include "config/yaml_hints.h"

#include <array>

namespace postern::config {

namespace {

/// A piece of a message of yaml-cpp 0.7 (exceptions.h), and what is behind it in practice.
struct Hint {
  std::string_view piece;
  std::string_view hint;
};

constexpr std::array kHints{
    Hint{"illegal map value",
         "a text with \": \" in it needs quotes around all of it, and keys of one map the same indentation"},
    Hint{"end of map flow not found", "a { is not closed"},
    Hint{"end of sequence flow not found", "a [ is not closed"},
    Hint{"end of map not found",
         "a text that begins with a quote, { or [ and goes on behind it needs quotes around "
         "all of it; else the indentation is wrong"},
    Hint{"end of sequence not found", "the items of one list have the same indentation"},
    Hint{"unknown token", "a text that begins with @, ` or % needs quotes"},
    Hint{"EOF in scalar", "a quote is not closed"},
    Hint{"tab", "indent with blanks"},
    Hint{"anchor", "a text that begins with * or & needs quotes"},
    Hint{"alias", "a text that begins with * or & needs quotes"},
    Hint{"unknown escape", "a backslash in \"...\" begins an escape: use '...' around a pattern"},
};

}  // namespace

std::string yaml_hint(std::string_view message) {
  for (const Hint& hint : kHints) {
    if (message.find(hint.piece) != std::string_view::npos) return std::string(hint.hint);
  }
  return {};
}

}  // namespace postern::config
