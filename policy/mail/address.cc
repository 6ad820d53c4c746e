#include "policy/mail/address.h"

#include <utility>

#include "policy/base/text.h"
#include "policy/mail/address_syntax.h"

namespace postern {

namespace {

constexpr std::size_t kMaxPathBytes = 1000;  // local: address.h

}  // namespace

std::string Mailbox::text() const {
  std::string out;
  if (address_syntax::is_dot_string(local)) {
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
  if (path.null) return path;
  if (auto parsed = address_syntax::parse_mailbox(inner, address_syntax::Place::dialogue))
    path.mailbox = std::move(parsed->mailbox);
  return path;
}

}  // namespace postern
