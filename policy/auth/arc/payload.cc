#include "policy/auth/arc/payload.h"

#include "policy/auth/dkim/tag_list.h"

namespace postern::arc {

namespace {

constexpr std::size_t kColumns = 77;
constexpr std::size_t kTab = 8;
constexpr std::size_t kMostWord = 900;  // local: RFC 5322 2.1.1 ends a line at 998 bytes

// The next word of `rest`, quoted strings in it whole, controls as blanks.
std::string take_word(std::string_view& rest) {
  std::string word;
  bool quoted = false;
  while (!rest.empty() && word.size() < kMostWord) {
    const char c = rest.front();
    if (dkim::is_blank(c) && !quoted) break;
    rest.remove_prefix(1);
    if (c == '"') quoted = !quoted;
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (!control || quoted) word += control ? ' ' : c;
    if (c == '\\' && !rest.empty() && (rest.front() == '"' || rest.front() == '\\')) {
      word += rest.front();
      rest.remove_prefix(1);
    }
  }
  return word;
}

}  // namespace

std::string folded_payload(std::string_view results) {
  std::string out;
  std::size_t column = kTab;
  while (!results.empty()) {
    if (dkim::is_blank(results.front())) {
      results.remove_prefix(1);
      continue;
    }
    const std::string word = take_word(results);
    if (word.empty()) continue;
    const bool folds = column + 1 + word.size() > kColumns;
    if (!out.empty()) out += folds ? "\n\t" : " ";
    column = (folds ? kTab : column + 1) + word.size();
    out += word;
  }
  return out.empty() ? "none" : out;
}

}  // namespace postern::arc
