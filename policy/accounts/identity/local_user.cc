#include "policy/accounts/identity/local_user.h"

#include <pwd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "policy/dns/domain.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostNameBytes = 64;       // local: no system has longer ones
constexpr std::size_t kEntryBytes = 64U << 10U;  // local: an entry of passwd(5), with all its texts
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kNameBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

bool take(std::string_view& rest, std::string_view text) {
  if (!rest.starts_with(text)) return false;
  rest.remove_prefix(text.size());
  return true;
}

// Up to the first byte that is none of `bytes`.
std::string take_all(std::string_view& rest, std::string_view bytes) {
  const std::size_t n = std::min(rest.find_first_not_of(bytes), rest.size());
  std::string taken(rest.substr(0, n));
  rest.remove_prefix(n);
  return taken;
}

bool take_host(std::string_view& rest) {
  const std::string_view host = rest.substr(0, rest.find(' '));
  rest.remove_prefix(host.size());
  return Domain::parse(host).has_value();
}

std::string one_spaced(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank || (!out.empty() && out.back() != ' ')) out += blank ? ' ' : c;
  }
  return out;
}

}  // namespace

std::optional<LocalUser> local_user(std::span<const HeaderField> header) {
  const auto field = std::find_if(header.begin(), header.end(), [](const HeaderField& f) { return f.is("Received"); });
  if (field == header.end()) return std::nullopt;
  const std::string value = one_spaced(field->unfolded());
  LocalUser user;
  std::string_view rest = value;
  if (take(rest, "by ")) {  // Postfix pickup(8)
    user.is_uid = true;
    if (!take_host(rest) || !take(rest, " (Postfix, from userid ")) return std::nullopt;
    user.name = take_all(rest, kDigits);
    if (!take(rest, ") id ")) return std::nullopt;
  } else {  // Sendmail: $_ of a message without a connection
    if (!take(rest, "(from ")) return std::nullopt;
    user.name = take_all(rest, kNameBytes);
    if (!take(rest, "@localhost) by ") || !take_host(rest) || !take(rest, " (")) return std::nullopt;
  }
  if (user.name.empty() || user.name.size() > kMostNameBytes) return std::nullopt;
  return user;
}

std::string name_of(const LocalUser& user) {
  uid_t uid = 0;
  const char* const end = user.name.data() + user.name.size();
  const auto [rest, error] = std::from_chars(user.name.data(), end, uid);
  if (!user.is_uid || error != std::errc() || rest != end) return user.name;
  std::vector<char> buffer(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? user.name : found->pw_name;
}

}  // namespace postern::accounts
