#include "policy/dns/name_text.h"

#include <fmt/format.h>

namespace postern::dns {

namespace {

// One octet off the front of `rest`, an escape counting as the octet it means.
std::optional<char> take_octet(std::string_view& rest) {
  const char first = rest.front();
  rest.remove_prefix(1);
  if (first != '\\') return first;
  if (rest.empty()) return std::nullopt;
  const auto digit = [&](std::size_t i) { return rest[i] >= '0' && rest[i] <= '9'; };
  if (!digit(0)) {
    const char plain = rest.front();
    rest.remove_prefix(1);
    return plain;
  }
  if (rest.size() < 3 || !digit(1) || !digit(2)) return std::nullopt;
  const int value = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  rest.remove_prefix(3);
  if (value > 255) return std::nullopt;
  return static_cast<char>(value);
}

}  // namespace

void append_label(std::string& name, std::string_view octets) {
  if (!name.empty()) name += '.';
  for (const char c : octets) {
    if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else if (c == '.' || c == '\\')
      (name += '\\') += c;
    else if (c > 0x20 && c < 0x7f)
      name += c;
    else
      name += fmt::format("\\{:03d}", static_cast<unsigned char>(c));
  }
}

std::optional<std::string> to_wire(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    std::string label;
    while (!name.empty() && name.front() != '.') {
      const auto octet = take_octet(name);
      if (!octet || label.size() >= kMaxLabelOctets) return std::nullopt;
      label += *octet;
    }
    if (label.empty()) return std::nullopt;
    wire += static_cast<char>(label.size());
    wire += label;
    if (!name.empty()) {
      name.remove_prefix(1);
      if (name.empty()) return std::nullopt;
    }
  }
  wire += '\0';
  if (wire.size() > kMaxNameOctets) return std::nullopt;
  return wire;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    const auto octet = take_octet(text);
    if (!octet) return std::nullopt;
    octets += *octet;
  }
  return octets;
}

}  // namespace postern::dns
