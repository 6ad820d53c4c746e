#include "policy/limits/account.h"

#include <algorithm>
#include <new>
#include <utility>

namespace postern::limits {

static_assert(sizeof(Account) % alignof(Window) == 0, "the windows stand behind it");

Allowance Window::allow() const {
  Allowance allowance{.most = most, .window = std::chrono::seconds(seconds)};
  if (burst > 0) allowance.burst = burst;
  return allowance;
}

Account* Account::make(std::string_view limit, std::string_view key, Unit unit, std::size_t room, Budget& budget) {
  const std::size_t size = sizeof(Account) + aligned(limit.size() + key.size()) + room * sizeof(Window);
  budget.take(size);
  auto* const account = new (::operator new(size)) Account(static_cast<std::uint8_t>(room));
  account->unit = unit;
  account->limit_bytes = static_cast<std::uint16_t>(limit.size());
  account->key_bytes = static_cast<std::uint16_t>(key.size());
  std::copy(key.begin(), key.end(), std::copy(limit.begin(), limit.end(), account->behind()));
  return account;
}

Account* Account::widened(Account* old, std::size_t room, Budget& budget) {
  Account* const account = make(old->limit(), old->key(), old->unit, room, budget);
  account->open = std::move(old->open);
  account->values = std::move(old->values);
  account->unsaved = old->unsaved;
  account->serial = old->serial;
  account->refused = old->refused;
  account->dirty = old->dirty;
  account->urgent = old->urgent;
  for (Window& window : old->windows()) new (account->windows().data() + account->count++) Window(std::move(window));
  account->stand_before(*old);
  old->leave();
  destroy(old, budget);
  return account;
}

void Account::destroy(Account* account, Budget& budget) {
  account->leave();
  account->open.clear(budget);
  for (Window& window : account->windows()) {
    window.used.clear(budget);
    window.~Window();
  }
  if (account->values) {
    account->values->set.clear(budget);
    budget.give_back(sizeof(Values));
  }
  budget.give_back(account->bytes());
  account->~Account();
  ::operator delete(account);
}

Window& Account::add_window(std::chrono::seconds length) { return *new (windows().data() + count++) Window(length); }

void Account::drop_window_beside(std::span<const Allowance> wanted, Budget& budget) {
  std::size_t least = count;
  for (std::size_t i = 0; i < count; ++i) {
    const auto same = [&](const Allowance& a) { return a.window.count() == windows()[i].seconds; };
    if (std::any_of(wanted.begin(), wanted.end(), same)) continue;
    if (least == count || windows()[i].used.sum() < windows()[least].used.sum()) least = i;
  }
  if (least == count) return;
  windows()[least].used.clear(budget);
  for (std::size_t i = least; i + 1 < count; ++i) windows()[i] = std::move(windows()[i + 1]);
  windows()[count - 1u].~Window();
  --count;
}

void Account::expire(Moment now, Budget& budget) {
  const std::int64_t before = open.sum();
  if (before > 0) open.expire(kLease, now, budget);
  for (Window& window : windows()) window.used.expire(window.shape(), now, budget);
  if (values && open.sum() < before) forget_leases(now, budget);
}

/// Values that were reserved and never heard of again.
void Account::forget_leases(Moment now, Budget& budget) {
  const std::int64_t oldest = kLease.oldest(now);
  values->set.each([&](ValueSet::Entry& entry) {
    if (entry.open == 0 || entry.lease >= oldest) return;
    entry.open = 0;
    if (unit != Unit::distinct_recipients) return;
    for (Window& window : windows()) {
      const Shape shape = window.shape();
      if (stands(entry, shape, now)) window.used.add(shape.slot_at(entry.last), 1, budget);
    }
  });
}

Moment Account::ends() const {
  Moment last = open.size() > 0 ? open.leaves(kLease) : 0;
  std::int64_t longest = 0;
  for (const Window& window : windows()) {
    if (window.used.size() > 0) last = std::max(last, window.used.leaves(window.shape()));
    longest = std::max(longest, window.shape().window);
  }
  if (!values || values->latest == 0) return last;
  if (unit == Unit::first_time_recipients)
    longest = std::max(longest, std::chrono::milliseconds(kAcquaintance).count());
  return std::max(last, values->latest + longest);
}

Values& Account::need_values(Budget& budget) {
  if (!values) {
    values = std::make_unique<Values>();
    budget.take(sizeof(Values));
  }
  return *values;
}

}  // namespace postern::limits
