#include "policy/limits/freezer.h"

#include <algorithm>

#include "policy/base/text.h"
#include "policy/limits/bytes.h"

namespace postern::limits {

namespace {

using store::Space;

constexpr std::size_t kMostLoginBytes = 255;  // local: longer ones are no logins of ours
constexpr std::size_t kMostWhyBytes = 500;    // local

std::string key_of(std::string_view login) {
  return fold(login.substr(0, kMostLoginBytes)).substr(0, store::kMostKeyBytes);
}

/// `since`, ms since 1970; the length of the login, the login, why.
std::string value_of(const Freezer::Frozen& frozen) {
  std::string out;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(frozen.since.time_since_epoch()).count();
  bytes::put_number(out, static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0)));
  bytes::put_number(out, frozen.login.size());
  return out + frozen.login + frozen.why;
}

/// What the store has, as well as it can be understood: whatever stands there freezes the login.
Freezer::Frozen read(std::string_view key, const store::Entry& entry) {
  Freezer::Frozen frozen{.login = std::string(key), .since = {}, .until = entry.expires, .why = {}};
  bytes::Input in(entry.value);
  const std::int64_t since = in.amount(std::int64_t{1} << 43);
  const std::size_t login = in.number(kMostLoginBytes + 1);
  if (!in.ok() || in.rest().size() < login) return frozen;
  frozen.since = WallTime(std::chrono::milliseconds(since));
  frozen.login = in.rest().substr(0, login);
  frozen.why = in.rest().substr(login);
  return frozen;
}

}  // namespace

store::Ticket Freezer::freeze(std::string_view login, std::chrono::seconds length, std::string_view why) {
  const WallTime now = clock_.wall();
  const WallTime until = now + std::clamp<std::chrono::seconds>(length, std::chrono::seconds(0), store::kLongest);
  if (const auto before = find(login); before && before->until >= until) return store_.last();
  const Frozen frozen{.login = std::string(login.substr(0, kMostLoginBytes)),
                      .since = now,
                      .until = until,
                      .why = std::string(why.substr(0, kMostWhyBytes))};
  return store_.put(Space::frozen, key_of(login), value_of(frozen), until);
}

bool Freezer::release(std::string_view login) {
  if (!store_.get(Space::frozen, key_of(login))) return false;
  store_.erase(Space::frozen, key_of(login));
  return true;
}

std::optional<Freezer::Frozen> Freezer::find(std::string_view login) const {
  const std::string key = key_of(login);
  const auto entry = store_.get(Space::frozen, key);
  if (!entry) return std::nullopt;
  return read(key, *entry);
}

std::vector<Freezer::Frozen> Freezer::list(std::size_t most) const {
  std::vector<Frozen> all;
  for (const store::Store::Listed& listed : store_.list(Space::frozen, {}, most))
    all.push_back(read(listed.key, listed.entry));
  return all;
}

}  // namespace postern::limits
