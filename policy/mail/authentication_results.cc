#include "policy/mail/authentication_results.h"

#include <algorithm>
#include <utility>

#include "policy/base/text.h"
#include "policy/dns/domain.h"
#include "policy/mail/address_syntax.h"
#include "policy/mail/cfws.h"

namespace postern {

namespace {

constexpr std::size_t kWidth = 77;  // RFC 5322 2.1.1, with the `;` behind the last word

constexpr std::size_t kMostValueBytes = 320;  // of an address; RFC 5321 4.5.3.1 allows less
constexpr std::size_t kMostReasonBytes = 200;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

// Letters that no reader takes for anything else: less than the token of RFC 2045 5.1.
bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._+").find(c) != std::string_view::npos;
  });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// What is printed of an address, by the pvalue of RFC 8601 2.2: a local part that cannot be written in ASCII is left
// out, and with a domain that is none nothing is left (FAULTS T18).
std::optional<std::string> address_text(std::string_view text) {
  const auto parsed = address_syntax::parse_mailbox(text, address_syntax::Place::dialogue);
  if (!parsed || parsed->route) {
    const auto domain = Domain::parse(text.substr(text.rfind('@') + 1));
    const bool is_domain_alone = domain && text.rfind('@') == 0;
    return is_domain_alone ? std::optional('@' + domain->text()) : std::nullopt;
  }
  const Mailbox& mailbox = parsed->mailbox;
  const bool prints =
      mailbox.local.size() <= kMostValueBytes && std::all_of(mailbox.local.begin(), mailbox.local.end(), is_printable);
  if (mailbox.domain && !prints) return '@' + mailbox.domain->text();
  if (mailbox.domain) return mailbox.text();
  return prints ? std::optional(quoted(mailbox.text())) : std::nullopt;
}

std::optional<std::string> value_text(std::string_view text) {
  if (text.size() <= kMostValueBytes && is_plain(text)) return std::string(text);
  if (text.find('@') != std::string_view::npos) return address_text(text);
  const bool prints = text.size() <= kMostValueBytes && std::all_of(text.begin(), text.end(), is_printable);
  return prints ? std::optional(quoted(text)) : std::nullopt;
}

std::string reason_text(std::string_view text) {
  std::string out(text.substr(0, kMostReasonBytes));
  for (char& c : out)
    if (!is_printable(c)) c = c == '\t' || c == '\r' || c == '\n' ? ' ' : '?';
  return is_plain(out) ? out : quoted(out);
}

}  // namespace

std::string authentication_results(std::string_view authserv_id, const std::vector<AuthenticationResult>& results) {
  std::string field(authserv_id);
  if (results.empty()) return field + "; none";
  for (const AuthenticationResult& r : results) {
    field += ";\n\t" + r.method + '=' + r.result;
    std::size_t column = 8 + r.method.size() + 1 + r.result.size();
    const auto append = [&](std::string word) {
      const bool folds = column + 1 + word.size() > kWidth;
      column = (folds ? 8 : column + 1) + word.size();
      field += (folds ? "\n\t" : " ") + std::move(word);
    };
    if (!r.reason.empty()) append("reason=" + reason_text(r.reason));
    for (const AuthenticationResult::Property& property : r.properties) {
      if (const auto value = value_text(property.value)) append(property.name + '=' + *value);
    }
  }
  return field;
}

std::string claimed_authserv_id(std::string_view value) {
  std::size_t i = skip_cfws(value, 0);
  std::string id;
  if (i < value.size() && value[i] == '"') {
    for (++i; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      id += value[i];
    }
  } else {
    while (i < value.size() && std::string_view(" \t\r\n;(").find(value[i]) == std::string_view::npos) id += value[i++];
  }
  while (!id.empty() && id.back() == '.') id.pop_back();
  return ascii_lower(id);
}

}  // namespace postern
