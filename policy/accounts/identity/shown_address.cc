#include "policy/accounts/identity/shown_address.h"

#include <algorithm>
#include <optional>
#include <string>

#include "policy/base/text.h"
#include "policy/mail/address_syntax.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostNameBytes = 1000;  // local: of what is longer a reader shows the front

// May a word that is an address go on with it?
bool goes_on(char c) { return address_syntax::is_atext(c) || c == '.' || static_cast<unsigned char>(c) >= 0x80; }

// What stands about the `@`, without dots and quotes at its ends.
std::optional<Mailbox> address_at(std::string_view name, std::size_t at) {
  std::size_t begin = at, end = at + 1;
  while (begin > 0 && goes_on(name[begin - 1])) --begin;
  while (end < name.size() && goes_on(name[end])) ++end;
  constexpr std::string_view kAround = ".'`*_=";
  const auto first = name.find_first_not_of(kAround, begin);
  const auto last = name.find_last_not_of(kAround, end - 1);
  if (first >= at || last <= at) return std::nullopt;
  const auto parsed =
      address_syntax::parse_mailbox(name.substr(first, last + 1 - first), address_syntax::Place::dialogue);
  if (!parsed || !parsed->mailbox.domain || parsed->mailbox.domain->labels().size() < 2) return std::nullopt;
  return parsed->mailbox;
}

}  // namespace

std::vector<Mailbox> shown_addresses(std::string_view display_name) {
  std::vector<Mailbox> shown;
  if (std::find_if(display_name.begin(), display_name.end(),
                   [](char c) { return c == '@' || static_cast<unsigned char>(c) >= 0x80; }) == display_name.end())
    return shown;
  const std::string name = as_seen(display_name.substr(0, kMostNameBytes));
  for (std::size_t at = name.find('@'); at != std::string::npos && shown.size() < kMostShown;
       at = name.find('@', at + 1)) {
    if (auto mailbox = address_at(name, at)) shown.push_back(std::move(*mailbox));
  }
  return shown;
}

}  // namespace postern::accounts
