#include "policy/accounts/identity/normal_form.h"

#include "policy/mail/address_syntax.h"

namespace postern::accounts {

namespace {

std::string domain_text(const Mailbox& mailbox) {
  if (mailbox.domain) return mailbox.domain->text();
  return mailbox.literal ? '[' + mailbox.literal->text() + ']' : std::string();
}

// Letters, digits and some marks in ASCII, one `@` with something before it, and no dot at the end.
bool is_written_plainly(std::string_view text) {
  std::size_t ats = 0;
  for (const char c : text) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= '-' && c <= '9' && c != '/') || (c >= 'A' && c <= 'Z') || c == '_' || c == '+';
    if (c == '@') ++ats;
    if (!is_plain && c != '@') return false;
  }
  return ats == 1 && text.front() != '@' && text.back() != '.';
}

}  // namespace

std::optional<AddressKey> address_key(const Mailbox& mailbox, LetterCase letters) {
  auto local = comparison_form(mailbox.local, letters);
  if (!local) return std::nullopt;
  return AddressKey{std::move(*local), domain_text(mailbox)};
}

std::optional<AddressKey> address_key(std::string_view text, LetterCase letters) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  if (at == 0) {
    const auto domain = Domain::parse(text.substr(1));
    return domain ? std::optional(AddressKey{{}, domain->text()}) : std::nullopt;
  }
  const auto parsed = address_syntax::parse_mailbox(text, address_syntax::Place::dialogue);
  if (!parsed || parsed->route || (!parsed->mailbox.domain && !parsed->mailbox.literal)) return std::nullopt;
  return address_key(parsed->mailbox, letters);
}

bool is_address(std::string_view text, const AddressKey& key, LetterCase letters) {
  if (!is_written_plainly(text)) return address_key(text, letters) == key;  // there is more than one way to write it
  const std::size_t at = key.local.size();
  if (text.size() != at + 1 + key.domain.size() || text[at] != '@') return false;
  const std::string_view local = text.substr(0, at);
  const bool same = letters == LetterCase::fold ? ascii_iequals(local, key.local) : local == key.local;
  return same && ascii_iequals(text.substr(at + 1), key.domain);
}

std::optional<std::string> login_form(std::string_view login, std::string_view login_domain, LetterCase letters) {
  const std::size_t at = login.rfind('@');
  const auto domain = at == std::string_view::npos ? Domain::parse(login_domain) : Domain::parse(login.substr(at + 1));
  if (at != std::string_view::npos && !domain) return comparison_form(login, letters);
  auto name = comparison_form(login.substr(0, at), letters);
  if (name && domain) *name += '@' + domain->text();
  return name;
}

std::vector<AddressKey> without_extension(const AddressKey& key, std::string_view delimiters) {
  std::vector<AddressKey> stripped;
  std::size_t end = key.local.size();
  while (stripped.size() < kMostStripped && end > 0) {
    end = key.local.find_last_of(delimiters, end - 1);
    if (end == std::string::npos || end == 0) break;
    stripped.push_back({key.local.substr(0, end), key.domain});
  }
  return stripped;
}

}  // namespace postern::accounts
