#include "policy/limits/saved_account.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "policy/base/sip_hash.h"
#include "policy/limits/bytes.h"

namespace postern::limits::saved {

namespace {

using bytes::put_number;
using bytes::put_word;

constexpr std::uint8_t kVersion = 1;
constexpr SipKey kMarkKey{0x706f737465726e21, 10};  // stands in files: no secret, it guards against accidents alone
constexpr std::size_t kMarkBytes = 8;
constexpr std::size_t kMostValueBytes = 8 + 10;  // of one: its hash, and a number
constexpr std::int64_t kAnyAmount = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kUnits = 8;

using Slots = std::vector<std::pair<std::int64_t, std::int64_t>>;
using Values = std::vector<std::pair<std::uint64_t, Moment>>;

std::uint64_t mark(std::string_view key, std::string_view value) {
  return sip_hash(SipKey{sip_hash(kMarkKey, key), 0}, value);
}

/// The newest first.
Values values_of(const Account& account) {
  Values values;
  if (!account.values) return values;
  account.values->set.each([&](const ValueSet::Entry& entry) {
    if (entry.last != 0) values.emplace_back(entry.hash, entry.last);
  });
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return values;
}

/// What was committed stands there, too, while it is reserved once more.
void put_open(const Account& account, const Shape& shape, Moment now, Slots& slots) {
  if (account.unit != Unit::distinct_recipients || !account.values || account.open.sum() == 0) return;
  account.values->set.each([&](const ValueSet::Entry& entry) {
    if (entry.open == 0 || !stands(entry, shape, now)) return;
    const std::pair<std::int64_t, std::int64_t> one{shape.slot_at(entry.last), 1};
    const auto at = std::lower_bound(slots.begin(), slots.end(), one,
                                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (at != slots.end() && at->first == one.first)
      ++at->second;
    else
      slots.insert(at, one);
  });
}

/// What stands in the window, but for what the values tell.
Slots slots_of(const Account& account, const Window& window, const Values& told, Moment now) {
  Slots slots;
  window.used.each([&](std::int64_t slot, std::int64_t count) { slots.emplace_back(slot, count); });
  const Shape shape = window.shape();
  put_open(account, shape, now, slots);
  auto at = slots.rbegin();
  for (const auto& [hash, last] : told) {
    while (at != slots.rend() && at->first > shape.slot_at(last)) ++at;
    if (at == slots.rend()) break;
    if (at->first == shape.slot_at(last) && at->second > 0) --at->second;
  }
  slots.erase(std::remove_if(slots.begin(), slots.end(), [](const auto& slot) { return slot.second == 0; }),
              slots.end());
  return slots;
}

void write_window(const Account& account, const Window& window, const Values& told, const Time& time,
                  std::string& out) {
  const Shape shape = window.shape();
  put_number(out, window.seconds);
  put_number(out, static_cast<std::uint64_t>(window.most));
  put_number(out, static_cast<std::uint64_t>(window.burst));
  put_number(out, static_cast<std::uint64_t>(std::ceil(window.smooth.backlog(time.steady))));
  const Slots slots = slots_of(account, window, told, time.steady);
  put_number(out, slots.size());
  for (const auto& [slot, count] : slots) {
    put_number(out, static_cast<std::uint64_t>(shape.slot_at(time.steady) - slot));
    put_number(out, static_cast<std::uint64_t>(count));
  }
}

/// How old what is read may be taken for.
std::int64_t age(const Time& then, const Time& now) {
  if (then.boot == now.boot && now.boot != 0 && then.steady <= now.steady) return now.steady - then.steady;
  return std::clamp<std::int64_t>(now.wall - then.wall, 0, kBeforeSteady / 2);
}

Saved::OfWindow read_window(bytes::Input& in, const Time& then, const Time& now) {
  Saved::OfWindow window;
  window.allow.window = std::chrono::seconds(in.amount(std::chrono::seconds(kLongestWindow).count() + 1));
  window.allow.most = in.amount(kAnyAmount);
  if (const std::int64_t burst = in.amount(kAnyAmount); burst > 0) window.allow.burst = burst;
  if (!in.ok() || window.allow.window.count() < 1) return window;
  const Shape shape = Shape::of(window.allow.window);
  const std::int64_t shift = now.steady - age(then, now) - then.steady;
  window.backlog = std::max<std::int64_t>(in.amount(kBeforeSteady) - age(then, now), 0);
  const std::uint64_t slots = in.number(256);
  for (std::uint64_t i = 0; i < slots && in.ok(); ++i) {
    const Moment end = (shape.slot_at(then.steady) - in.amount(256) + 1) * shape.slot + shift;
    const std::int64_t count = in.amount(kAnyAmount);
    const std::int64_t slot = std::min(shape.slot_at(end - 1), shape.slot_at(now.steady));
    if (slot >= shape.oldest(now.steady)) window.slots.emplace_back(slot, count);
  }
  return window;
}

}  // namespace

std::string key_of(std::string_view limit, std::string_view key, bool coarse) {
  std::string out(1, '\0');
  out.append(limit).push_back('\0');
  if (coarse) out.push_back('\0');
  out.append(key);
  out[0] = static_cast<char>(sip_hash(kMarkKey, std::string_view(out).substr(1)) & 0xff);
  return out;
}

std::optional<Name> name_of(std::string_view key) {
  if (key.empty()) return std::nullopt;
  key.remove_prefix(1);
  const std::size_t end = key.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  Name name{key.substr(0, end), key.substr(end + 1)};
  name.coarse = name.key.starts_with('\0');
  if (name.coarse) name.key.remove_prefix(1);
  return name;
}

void write(const Account& account, std::string_view key, const Time& time, std::size_t most_bytes, std::string& out) {
  const std::size_t begin = out.size();
  out.push_back(static_cast<char>(kVersion));
  put_number(out, static_cast<std::uint64_t>(account.unit));
  put_word(out, time.boot);
  put_number(out, static_cast<std::uint64_t>(time.wall));
  put_number(out, static_cast<std::uint64_t>(time.steady));
  put_number(out, account.refused);
  constexpr std::size_t kMostWindowBytes = 50 + 128 * (2 + 8);
  Values values = values_of(account);
  std::string told;
  Moment before = time.steady;
  std::size_t kept = 0;
  for (; kept < values.size(); ++kept) {
    if (told.size() + kMostValueBytes + account.count * kMostWindowBytes + 100 > most_bytes) break;
    put_word(told, values[kept].first);
    put_number(told, static_cast<std::uint64_t>(before - values[kept].second));
    before = values[kept].second;
  }
  values.resize(kept);
  put_number(out, account.count);
  const bool distinct = account.unit == Unit::distinct_recipients;
  for (const Window& window : account.windows()) write_window(account, window, distinct ? values : Values{}, time, out);
  put_number(out, kept);
  out += told;
  put_word(out, mark(key, std::string_view(out).substr(begin)));
}

std::optional<Saved> read(std::string_view key, std::string_view value, const Time& now) {
  if (value.size() < kMarkBytes) return std::nullopt;
  const std::string_view body = value.substr(0, value.size() - kMarkBytes);
  if (bytes::Input(value.substr(body.size())).word() != mark(key, body)) return std::nullopt;
  bytes::Input in(body);
  if (in.number(256) != kVersion) return std::nullopt;
  Saved saved;
  saved.unit = static_cast<Unit>(in.number(kUnits));
  Time then;
  then.boot = in.word();
  then.wall = in.amount(kAnyAmount);
  then.steady = in.amount(kAnyAmount);
  saved.refused = static_cast<std::uint32_t>(in.number(std::uint64_t{1} << 32));
  const std::uint64_t windows = in.number(kMostWindows + 1);
  for (std::uint64_t i = 0; i < windows && in.ok(); ++i) {
    saved.windows.push_back(read_window(in, then, now));
    if (saved.windows.back().allow.window.count() < 1) return std::nullopt;
  }
  const std::uint64_t values = in.number(static_cast<std::uint64_t>(kMostValues) + 1);
  Moment last = now.steady - age(then, now);
  for (std::uint64_t i = 0; i < values && in.ok(); ++i) {
    const std::uint64_t hash = in.word();
    last -= in.amount(kBeforeSteady / 2);
    if (hash != 0 && last > 0) saved.values.emplace_back(hash, last);
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return saved;
}

void put_into(Account& account, const Saved& saved, Moment now, Budget& budget) {
  account.refused = saved.refused;
  for (const Saved::OfWindow& from : saved.windows) {
    Window& window = *account.window(from.allow.window);
    for (const auto& [slot, count] : from.slots) window.used.add(slot, count, budget);
    window.smooth.set_backlog(static_cast<double>(from.backlog), now);
  }
  for (auto at = saved.values.rbegin(); at != saved.values.rend(); ++at) {  // the oldest first
    limits::Values& values = account.need_values(budget);
    ValueSet::Entry* const entry = values.set.insert(at->first, budget);
    if (entry == nullptr) break;
    entry->last = at->second;
    values.latest = std::max(values.latest, at->second);
    if (account.unit != Unit::distinct_recipients) continue;
    for (Window& window : account.windows()) {
      const Shape shape = window.shape();
      if (shape.slot_at(at->second) >= shape.oldest(now)) window.used.add(shape.slot_at(at->second), 1, budget);
    }
  }
}

}  // namespace postern::limits::saved
