#include "policy/mail/field_value.h"

#include <algorithm>
#include <vector>

#include "policy/base/text.h"

namespace postern {

namespace {

constexpr std::size_t kMaxBytes = 4000;    // local
constexpr std::size_t kMaxNameBytes = 76;  // with its colon it fits in a line of kColumns
constexpr std::size_t kColumns = 78;       // RFC 5322 2.1.1
constexpr std::size_t kMaxLine = 998;      // RFC 5322 2.1.1
constexpr std::size_t kEncodedBytes =
    42;  // of UTF-8 in one encoded word: 56 base64 characters, within the 75 of RFC 2047 2

std::string base64(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned v = static_cast<unsigned char>(bytes[i]) << 16;
    if (i + 1 < bytes.size()) v |= static_cast<unsigned>(static_cast<unsigned char>(bytes[i + 1]) << 8);
    if (i + 2 < bytes.size()) v |= static_cast<unsigned char>(bytes[i + 2]);
    out += kAlphabet[v >> 18 & 63];
    out += kAlphabet[v >> 12 & 63];
    out += i + 1 < bytes.size() ? kAlphabet[v >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[v & 63] : '=';
  }
  return out;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Control bytes become blanks, and what is no UTF-8 the replacement character (U+FFFD): an encoded word says UTF-8.
std::string cleaned(std::string_view text) {
  std::string out;
  const std::string valid = replace_invalid_utf8(text.substr(0, kMaxBytes));
  for (const char c : valid) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

// Encoded words in a row; a character is never split between two (RFC 2047 5).
std::vector<std::string> encoded_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    std::size_t n = std::min(kEncodedBytes, text.size());
    while (n > 1 && n < text.size() && is_continuation(text[n])) --n;
    words.push_back("=?UTF-8?B?" + base64(text.substr(0, n)) + "?=");
    text.remove_prefix(n);
  }
  return words;
}

std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    for (std::size_t at = i; at < end; at += kMaxLine / 2)
      words.emplace_back(text.substr(at, std::min(end - at, kMaxLine / 2)));
    i = end + 1;
  }
  return words;
}

}  // namespace

std::string field_value(std::string_view name, std::string_view text) {
  const std::string clean = cleaned(text);
  // An author's "=?" would be read as an encoded word of somebody else's making.
  const bool encode = clean.find("=?") != std::string::npos || std::any_of(clean.begin(), clean.end(), [](char c) {
                        return static_cast<unsigned char>(c) >= 0x80;
                      });
  std::string out;
  std::size_t column = name.size() + 2;
  for (const std::string& word : encode ? encoded_words(clean) : plain_words(clean)) {
    if (out.size() + 2 + word.size() > kMaxBytes) break;
    if (!out.empty()) {
      const bool fold = column + 1 + word.size() > kColumns;
      out += fold ? "\n\t" : " ";
      column = fold ? 8 : column + 1;
    }
    out += word;
    column += word.size();
  }
  return out;
}

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

}  // namespace postern
