#include "policy/mail/address.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern {

namespace {

constexpr std::size_t kMaxPathBytes = 1000;  // local: address.h

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

bool is_atext(char c) {  // RFC 5322 3.2.3
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view local) {
  if (local.empty() || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  return std::all_of(local.begin(), local.end(),
                     [](char c) { return c == '.' || is_atext(c) || static_cast<unsigned char>(c) >= 0x80; });
}

// Takes a local part off the front of `rest`.
// local: dots may stand anywhere (`a..b`, `a.`): carriers gave out such addresses, and MTAs take them.
std::optional<std::string> take_dot_string(std::string_view& rest) {
  std::string local;
  while (!rest.empty()) {
    const std::size_t wide = utf8_bytes(rest);
    if (wide == 0 && rest.front() != '.' && !is_atext(rest.front())) break;
    local.append(rest.substr(0, std::max<std::size_t>(wide, 1)));
    rest.remove_prefix(std::max<std::size_t>(wide, 1));
  }
  if (local.empty()) return std::nullopt;
  return local;
}

std::optional<std::string> take_quoted_string(std::string_view& rest) {  // RFC 5321 4.1.2, RFC 6531 3.3
  std::string local;
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\') rest.remove_prefix(1);
    const std::size_t wide = utf8_bytes(rest);
    if (rest.empty() || (wide == 0 && (rest.front() < 0x20 || rest.front() > 0x7e))) return std::nullopt;
    local.append(rest.substr(0, std::max<std::size_t>(wide, 1)));
    rest.remove_prefix(std::max<std::size_t>(wide, 1));
  }
  if (rest.empty()) return std::nullopt;
  rest.remove_prefix(1);
  return local;
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

std::optional<Mailbox> parse_mailbox(std::string_view rest) {
  if (rest.empty() || (rest.front() == '@' && !drop_route(rest)) || rest.empty()) return std::nullopt;
  auto local = rest.front() == '"' ? take_quoted_string(rest) : take_dot_string(rest);
  if (!local) return std::nullopt;
  Mailbox mailbox{.local = std::move(*local), .domain = {}, .literal = {}};
  if (rest.empty()) return mailbox;
  if (rest.front() != '@') return std::nullopt;
  rest.remove_prefix(1);
  mailbox.literal = parse_literal(rest);
  if (!mailbox.literal) mailbox.domain = Domain::parse(rest);
  if (!mailbox.literal && !mailbox.domain) return std::nullopt;
  return mailbox;
}

}  // namespace

std::string Mailbox::text() const {
  std::string out;
  if (is_dot_string(local)) {
    out = local;
  } else {
    out = '"';
    for (const char c : local) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  if (domain) out += '@' + domain->text();
  if (literal) out += (literal->is_v4() ? "@[" : "@[IPv6:") + literal->text() + ']';
  return out;
}

std::string Path::text() const {
  if (null) return {};
  if (mailbox) return mailbox->text();
  std::string_view bare = raw;
  if (bare.starts_with('<')) bare.remove_prefix(1);
  if (bare.ends_with('>')) bare.remove_suffix(1);
  return std::string(bare);
}

Path Path::parse(std::string_view text) {
  Path path;
  path.raw = text.substr(0, kMaxPathBytes);
  if (text.size() > kMaxPathBytes) return path;
  std::string_view inner = trim(text);
  if (inner.starts_with('<')) {
    if (inner.size() < 2 || !inner.ends_with('>')) return path;
    inner = trim(inner.substr(1, inner.size() - 2));
    path.null = inner.empty();
  }
  if (!path.null) path.mailbox = parse_mailbox(inner);
  return path;
}

}  // namespace postern
