#include "policy/limits/value_tally.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace postern::limits::values {

namespace {

constexpr std::size_t kMost = static_cast<std::size_t>(kMostValues);
constexpr std::size_t kGoAtOnce = kMost / 8;  // local: the oldest are sought once for many
constexpr std::int64_t kKnownFor = std::chrono::milliseconds(kAcquaintance).count();

bool is_known(const ValueSet::Entry& entry, Moment now) { return entry.last != 0 && now - entry.last < kKnownFor; }

/// Forgets the values of which nothing can be said any more.
void purge(Account& account, Moment now) {
  Values& values = *account.values;
  if (now < values.purge_at) return;
  Shape longest{.window = kKnownFor, .slot = 1000};
  if (account.unit == Unit::distinct_recipients) {
    longest = {};
    for (const Window& window : account.windows()) {
      if (window.shape().window > longest.window) longest = window.shape();
    }
  }
  Moment next = now + longest.window;
  values.set.erase_if([&](const ValueSet::Entry& entry) {
    if (entry.open == 0 && !stands(entry, longest, now)) return true;
    if (entry.last != 0) next = std::min(next, longest.leaves(longest.slot_at(entry.last)));
    return false;
  });
  values.purge_at = std::max(next, now + 1);
}

void forget_oldest(ValueSet& set) {
  std::vector<Moment> times;
  set.each([&](const ValueSet::Entry& entry) {
    if (entry.open == 0) times.push_back(entry.last);
  });
  if (times.empty()) return;
  const auto last = times.begin() + static_cast<std::ptrdiff_t>(std::min(kGoAtOnce, times.size()) - 1);
  std::nth_element(times.begin(), last, times.end());
  set.erase_if([&](const ValueSet::Entry& entry) { return entry.open == 0 && entry.last <= *last; });
}

/// The value's place, where there can be one: a set takes kMostValues, and no more than the budget allows.
ValueSet::Entry* insert(Account& account, const Request& request) {
  Values& values = account.need_values(request.budget);
  if (ValueSet::Entry* found = values.set.find(request.value)) return found;
  if (values.set.is_full() || values.set.size() >= kMost) purge(account, request.now);
  if (values.set.size() >= kMost) {
    request.values_full.add();
    if (account.unit == Unit::distinct_recipients) return nullptr;
    forget_oldest(values.set);
    if (values.set.size() >= kMost) return nullptr;
  }
  return values.set.insert(request.value, request.budget);
}

void give_back_open(Account& account, ValueSet::Entry& entry) {
  account.open.take_since(entry.lease, 1);
  entry.open = 0;
}

/// Out of the windows in which it stands.
void take_out(Account& account, const ValueSet::Entry& entry, const Request& request) {
  for (const Allowance& allow : request.demand.allow) {
    Window& window = *account.window(allow.window);
    if (stands(entry, window.shape(), request.now)) window.used.take(window.shape().slot_at(entry.last), 1);
  }
}

void put_back(Account& account, const ValueSet::Entry& entry, const Request& request) {
  for (const Allowance& allow : request.demand.allow) {
    Window* const window = account.window(allow.window);
    if (window == nullptr || !stands(entry, window->shape(), request.now)) continue;
    window->used.add(window->shape().slot_at(entry.last), 1, request.budget);
  }
}

/// The value moves in the rings to where it is used now, unless it is reserved still.
std::int64_t count_distinct(Account& account, ValueSet::Entry& entry, const Request& request, const Held& held) {
  const bool is_in = std::all_of(request.demand.allow.begin(), request.demand.allow.end(), [&](const Allowance& allow) {
    return stands(entry, Shape::of(allow.window), request.now);
  });
  if (entry.open == 0)
    take_out(account, entry, request);
  else if (held.open && held.placed && --entry.open == 0)
    account.open.take_since(entry.lease, 1);
  entry.last = request.now;
  if (entry.open == 0) put_back(account, entry, request);
  return is_in ? 0 : 1;
}

std::int64_t count_first(Account& account, const Request& request) {
  for (const Allowance& allow : request.demand.allow) {
    Window& window = *account.window(allow.window);
    window.used.add(window.shape().slot_at(request.now), 1, request.budget);
  }
  return 1;
}

}  // namespace

bool cost(Account* account, const Request& request, Weighed& weighed) {
  weighed.costs.fill(1);
  if (account == nullptr || !account->values) return true;
  Values& values = *account->values;
  const ValueSet::Entry* const entry = values.set.find(request.value);
  const bool distinct = request.demand.unit == Unit::distinct_recipients;
  if (entry == nullptr) {
    if (!distinct || values.set.size() < kMost) return true;
    purge(*account, request.now);
    if (values.set.size() < kMost) return true;
    request.values_full.add();
    return false;
  }
  if (entry->open > 0 || (!distinct && is_known(*entry, request.now))) {
    weighed.costs.fill(0);
    return true;
  }
  for (std::size_t i = 0; distinct && i < request.demand.allow.size(); ++i)
    weighed.costs[i] = stands(*entry, Shape::of(request.demand.allow[i].window), request.now) ? 0 : 1;
  return true;
}

Taken take(Account& account, const Request& request) {
  ValueSet::Entry* const entry = insert(account, request);
  const auto lease = static_cast<std::uint32_t>(kLease.slot_at(request.now));
  if (entry == nullptr) {
    account.open.add(lease, 1, request.budget);
    return Taken::unplaced;
  }
  const bool distinct = account.unit == Unit::distinct_recipients;
  if (!distinct && is_known(*entry, request.now)) return Taken::nothing;
  if (entry->open > 0) account.open.take_since(entry->lease, 1);
  account.open.add(lease, 1, request.budget);
  entry->lease = lease;
  if (++entry->open == 1 && distinct) take_out(account, *entry, request);
  return Taken::placed;
}

std::int64_t commit(Account& account, const Request& request, const Held& held) {
  if (held.open && !held.placed) account.open.take_since(held.lease, 1);
  ValueSet::Entry* const entry = insert(account, request);
  if (entry == nullptr) return count_first(account, request);  // not known by its name: it counts each time
  account.values->latest = request.now;
  if (account.unit == Unit::distinct_recipients) return count_distinct(account, *entry, request, held);
  if (entry->open > 0) give_back_open(account, *entry);  // other reservations of it cost nothing from now on
  const bool was_known = is_known(*entry, request.now);
  entry->last = request.now;
  return was_known ? 0 : count_first(account, request);
}

void release(Account& account, const Request& request, const Held& held) {
  if (!held.placed) return account.open.take_since(held.lease, 1);
  ValueSet::Entry* const entry = account.values ? account.values->set.find(request.value) : nullptr;
  if (entry == nullptr) return;  // who was committed, and then forgotten, is not reserved any more
  const bool distinct = account.unit == Unit::distinct_recipients;
  if (entry->open == 0 || --entry->open > 0) return;
  account.open.take_since(entry->lease, 1);
  if (distinct) put_back(account, *entry, request);
  for (std::size_t i = 0; i < request.demand.allow.size(); ++i) {
    const Allowance& allow = request.demand.allow[i];
    Window* const window = account.window(allow.window);
    if (window == nullptr || (distinct && stands(*entry, window->shape(), request.now))) continue;
    if (allow.burst && allow.most > 0) window->smooth.give_back(allow, 1, held.arrivals[i], request.now);
  }
  if (entry->last == 0) account.values->set.erase(entry);
}

}  // namespace postern::limits::values
