#include "policy/auth/dkim/base64.h"

#include <array>
#include <cstdint>

#include "policy/auth/dkim/tag_list.h"

namespace postern::dkim {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = kNone;
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  char* next = out.data();
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value != kNone && padding == 0) {
      bits = bits << 6 | value;
      const std::size_t place = digits++ % 4;
      if (place > 0) *next++ = static_cast<char>(bits >> (6 - 2 * place) & 0xff);
    } else if (c == '=') {
      ++padding;
    } else if (!is_blank(c)) {
      return std::nullopt;
    }
  }
  const bool whole = padding == 0 || (padding <= 2 && (digits + padding) % 4 == 0);
  if (digits % 4 == 1 || !whole) return std::nullopt;
  out.resize(static_cast<std::size_t>(next - out.data()));
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : std::uint32_t{0});
    for (std::size_t k = 0; k < 4; ++k) out += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 0x3f] : '=';
  }
  return out;
}

}  // namespace postern::dkim
