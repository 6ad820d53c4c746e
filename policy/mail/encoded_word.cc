#include "policy/mail/encoded_word.h"

#include <array>
#include <cstdint>
#include <optional>

#include "policy/base/text.h"

namespace postern {

namespace {

// Strict (RFC 4648 3.3 and 4): the alphabet alone, padded or not, no bits left over.
std::optional<std::string> from_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  if (padding > 0 && text.size() % 4 != 0) return std::nullopt;
  text.remove_suffix(padding);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xffffu;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xffu);
  }
  return out;
}

std::optional<std::string> from_q(std::string_view text) {  // RFC 2047 4.2
  constexpr std::string_view kHex = "0123456789ABCDEF0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] != '=') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const std::size_t high = kHex.find(text[i + 1]), low = kHex.find(text[i + 2]);
      if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
      out += static_cast<char>((high % 16) << 4 | low % 16);
      i += 2;
    }
  }
  return out;
}

bool is_token(std::string_view text) {  // RFC 2047 2
  constexpr std::string_view kEspecials = "()<>@,;:\"/[]?.=";
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f || kEspecials.find(c) != std::string_view::npos) return false;
  }
  return !text.empty();
}

struct Word {
  std::string text;
  std::size_t size;  // of the encoded word
};

// The encoded word at the front of `text`: =?charset*language?encoding?encoded-text?= (RFC 2047 2, RFC 2231 5).
std::optional<Word> word_at(std::string_view text) {
  if (!text.starts_with("=?")) return std::nullopt;
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() || text[charset_end + 2] != '?')
    return std::nullopt;
  const std::string_view charset = text.substr(2, charset_end - 2);
  if (!is_token(charset)) return std::nullopt;
  const std::size_t begin = charset_end + 3;
  const std::size_t end = text.find('?', begin);
  if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != '=') return std::nullopt;
  const std::string_view encoded = text.substr(begin, end - begin);
  for (const char c : encoded) {
    if (c <= 0x20 || c >= 0x7f) return std::nullopt;  // RFC 2047 2: printable ASCII without blank
  }
  std::optional<std::string> bytes;
  const char encoding = text[charset_end + 1];
  if (encoding == 'B' || encoding == 'b') bytes = from_base64(encoded);
  if (encoding == 'Q' || encoding == 'q') bytes = from_q(encoded);
  if (!bytes) return std::nullopt;
  auto utf8 = utf8_of(*bytes, charset.substr(0, charset.find('*')));
  return Word{utf8 ? std::move(*utf8) : replace_invalid_utf8(*bytes), end + 2};
}

}  // namespace

std::string decode_words(std::string_view text) {
  std::string out, blanks, plain;
  bool after_word = false;
  const auto flush = [&] {
    out += replace_invalid_utf8(plain);
    plain.clear();
  };
  while (!text.empty()) {
    if (const auto word = text.front() == '=' ? word_at(text) : std::nullopt) {
      flush();
      out += word->text;
      text.remove_prefix(word->size);
      after_word = true;
      blanks.clear();
      while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos) {
        blanks += text.front();
        text.remove_prefix(1);
      }
      continue;
    }
    if (after_word) plain += blanks;
    after_word = false;
    blanks.clear();
    plain += text.front();
    text.remove_prefix(1);
  }
  flush();
  return out + blanks;
}

}  // namespace postern
