#include "policy/mail/address_syntax.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace postern::address_syntax {

namespace {

// Bytes of the UTF-8 character at the front of `text`, 0 where none is (RFC 3629 4: no surrogates, nothing overlong).
std::size_t utf8_bytes(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      if ((at(i) & 0xc0) != 0x80) return false;
    }
    return true;
  };
  const unsigned first = at(0);
  if (first >= 0xc2 && first <= 0xdf) return tail(1, 2) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned second = at(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return tail(1, 3) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned second = at(1);
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return tail(1, 4) ? 4 : 0;
  }
  return 0;
}

// Atoms and dots off the front of `rest`; may be empty.
std::string_view take_dot_string(std::string_view& rest) {
  std::size_t n = 0;
  while (n < rest.size()) {
    const std::size_t wide = utf8_bytes(rest.substr(n));
    if (wide == 0 && rest[n] != '.' && !is_atext(rest[n])) break;
    n += std::max<std::size_t>(wide, 1);
  }
  const std::string_view taken = rest.substr(0, n);
  rest.remove_prefix(n);
  return taken;
}

// RFC 5321 4.1.2 qtextSMTP, RFC 6531 3.3: printable, in UTF-8.
bool is_quotable(std::string_view text) {
  while (!text.empty()) {
    const std::size_t wide = utf8_bytes(text);
    if (wide == 0 && (text.front() < 0x20 || text.front() > 0x7e)) return false;
    text.remove_prefix(std::max<std::size_t>(wide, 1));
  }
  return true;
}

std::optional<std::string> take_quoted_local(std::string_view& rest) {
  std::string local;
  if (!take_quoted_string(rest, local) || !is_quotable(local)) return std::nullopt;
  return local;
}

// Words with dots between them (RFC 5322 4.4 obs-local-part).
std::optional<std::string> take_words(std::string_view& rest) {
  std::string local;
  while (!rest.empty() && rest.front() != '@') {
    if (rest.front() == '"') {
      if (!local.empty() && local.back() != '.') return std::nullopt;
      const auto text = take_quoted_local(rest);
      if (!text) return std::nullopt;
      local += *text;
      if (!rest.empty() && rest.front() != '.' && rest.front() != '@') return std::nullopt;
    } else {
      const std::string_view piece = take_dot_string(rest);
      if (piece.empty()) return std::nullopt;
      local += piece;
    }
  }
  return local;
}

std::optional<std::string> take_local_part(std::string_view& rest, Place place) {
  if (rest.front() == '@') return std::nullopt;
  if (place == Place::header) return take_words(rest);
  if (rest.front() == '"') return take_quoted_local(rest);
  const std::string_view local = take_dot_string(rest);
  if (local.empty()) return std::nullopt;
  return std::string(local);
}

// `@a,@b:` off the front; false where it has no such shape (RFC 5321 4.1.2 A-d-l).
bool drop_route(std::string_view& rest) {
  std::size_t colon = 0;
  for (bool literal = false; colon < rest.size() && (literal || rest[colon] != ':'); ++colon) {
    if (rest[colon] == '[' || rest[colon] == ']') literal = rest[colon] == '[';  // a literal has colons of its own
  }
  if (colon == rest.size()) return false;
  for (const std::string_view hop : split(rest.substr(0, colon), ',')) {
    if (hop.size() < 2 || hop.front() != '@') return false;
    if (!Domain::parse(hop.substr(1)) && !parse_literal(hop.substr(1))) return false;
  }
  rest.remove_prefix(colon + 1);
  return true;
}

}  // namespace

bool is_atext(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view local) {
  if (local.empty() || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  return std::all_of(local.begin(), local.end(),
                     [](char c) { return c == '.' || is_atext(c) || static_cast<unsigned char>(c) >= 0x80; });
}

bool take_quoted_string(std::string_view& rest, std::string& text) {
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\') rest.remove_prefix(1);
    if (rest.empty()) return false;
    text += rest.front();
    rest.remove_prefix(1);
  }
  if (rest.empty()) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<IpAddress> parse_literal(std::string_view text) {  // RFC 5321 4.1.3
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  constexpr std::string_view kTag = "IPv6:";
  const bool tagged = ascii_iequals(text.substr(0, kTag.size()), kTag);
  if (tagged) text.remove_prefix(kTag.size());
  if (tagged != (text.find(':') != std::string_view::npos)) return std::nullopt;
  return IpAddress::parse(text);
}

std::optional<Parsed> parse_mailbox(std::string_view rest, Place place) {
  Parsed parsed;
  if (rest.empty()) return std::nullopt;
  if (rest.front() == '@') {
    parsed.route = drop_route(rest);
    if (!parsed.route || rest.empty()) return std::nullopt;
  }
  auto local = take_local_part(rest, place);
  if (!local) return std::nullopt;
  Mailbox& mailbox = parsed.mailbox;
  mailbox.local = std::move(*local);
  if (rest.empty()) return parsed;
  if (rest.front() != '@') return std::nullopt;
  rest.remove_prefix(1);
  mailbox.literal = parse_literal(rest);
  if (!mailbox.literal) mailbox.domain = Domain::parse(rest);
  if (!mailbox.literal && !mailbox.domain) return std::nullopt;
  return parsed;
}

}  // namespace postern::address_syntax
