#include "policy/accounts/callout/shape.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/base/text.h"

namespace postern::callout {

namespace {

constexpr std::size_t kLongBytes = 40;    // local: names of people and roles are shorter
constexpr std::size_t kRandomBytes = 16;  // local: a run of so many letters and digits …
constexpr int kRandomChanges = 5;         // … that changes so often between them

constexpr std::array<std::string_view, 3> kBatv{"prvs=", "btv1==", "msprvs1="};  // draft-levine-smtp-batv
constexpr std::array<std::string_view, 6> kSrs{"srs0=", "srs0+", "srs0-", "srs1=", "srs1+", "srs1-"};
constexpr std::array<std::string_view, 10> kListFronts{"bounce-",  "bounce+", "bounce_", "bounces-", "bounces+",
                                                       "bounces_", "owner-",  "return-", "sentto-",  "errors-"};
constexpr std::array<std::string_view, 4> kListBacks{"-bounces", "-owner", "-request", "-errors"};
constexpr std::array<std::string_view, 3> kListParts{"-bounces+", "-bounces-", "-return-"};
constexpr std::array<std::string_view, 4> kListNames{"bounce", "bounces", "mailer-daemon", "double-bounce"};

template <std::size_t N, class Holds>
bool any(const std::array<std::string_view, N>& texts, Holds holds) {
  return std::any_of(texts.begin(), texts.end(), holds);
}

// `user=example.org` somewhere: the recipient's address within the sender's.
bool holds_an_address(std::string_view local) {
  const std::size_t equals = local.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  const std::size_t dot = local.find('.', equals);
  return dot != std::string_view::npos && dot > equals + 1 && dot + 2 < local.size();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

// Letters and digits by turns, a long run of them, hyphens as in a UUID left out.
bool looks_random(std::string_view local) {
  std::size_t run = 0;
  int changes = 0;
  char before = 0;
  for (const char c : local) {
    if (c == '-') continue;
    if (!is_digit(c) && !is_letter(c)) {
      run = 0;
      changes = 0;
      before = 0;
      continue;
    }
    if (before != 0 && is_digit(before) != is_digit(c)) ++changes;
    before = c;
    if (++run >= kRandomBytes && changes >= kRandomChanges) return true;
  }
  return false;
}

}  // namespace

std::string_view machine_made(const Mailbox& mailbox) {
  const std::string local = ascii_lower(mailbox.local);
  const auto begins = [&](std::string_view text) { return local.starts_with(text); };
  if (any(kBatv, begins)) return "BATV";
  if (any(kSrs, begins)) return "SRS";
  if (holds_an_address(local)) return "VERP";
  if (any(kListFronts, begins) || any(kListBacks, [&](std::string_view text) { return local.ends_with(text); }) ||
      any(kListParts, [&](std::string_view text) { return local.find(text) != std::string::npos; }) ||
      any(kListNames, [&](std::string_view text) { return local == text; }))
    return "list";
  if (local.size() >= kLongBytes) return "long";
  if (looks_random(local)) return "random";
  return {};
}

}  // namespace postern::callout
