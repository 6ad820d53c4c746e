#include "policy/limits/shard.h"

#include <algorithm>
#include <utility>

namespace postern::limits {

namespace {

constexpr std::size_t kStepsOfCall = 8;       // local: more than comes in
constexpr std::chrono::seconds kQuiet{3600};  // local: an account in which only refusals stand lasts so long
constexpr std::uint32_t kSerials = 1u << 29;  // as many as a hold has bits for

std::int64_t second_of(Moment t) { return t / 1000; }

}  // namespace

Shard::Shard(Budget& budget, const NameHash& hash, Counter& accounts, Moment now)
    : budget_(budget), hash_(hash), accounts_(accounts), table_(budget), wheel_(second_of(now)) {}

Shard::~Shard() {
  std::vector<Account*> all;
  table_.each([&](Account& account) { all.push_back(&account); });
  for (Account* account : all) Account::destroy(account, budget_);
  accounts_.add(-static_cast<std::int64_t>(all.size()));
  budget_.give_back(stained_.capacity() * sizeof(std::uint64_t));
}

Account* Shard::find(const Name& name, Moment now) {
  if (!wheel_.idle(second_of(now))) tend(now, kStepsOfCall);
  Account* const account = table_.find(name);
  if (account != nullptr) account->expire(now, budget_);
  return account;
}

Account* Shard::find(const Name& name, Unit unit, Moment now) {
  Account* const account = find(name, now);
  if (account == nullptr || account->unit == unit) return account;
  if (account->count > 0) {
    erase(name, account);
    return nullptr;
  }
  account->unit = unit;
  return account;
}

Account* Shard::make(const Name& name, Unit unit, std::span<const Allowance> allow, Moment now) {
  Account* const account = Account::make(name.limit(), name.key(), unit, allow.size(), budget_);
  account->serial = serial_ = (serial_ + 1) % kSerials;
  table_.insert(name.hash(), account);
  std::chrono::seconds lasts = allow.empty() ? kQuiet : std::chrono::seconds(1);
  for (const Allowance& a : allow) lasts = std::clamp(a.window, lasts, kQuiet);
  wheel_.put(*account, second_of(now) + lasts.count() + 1);
  accounts_.add();
  return account;
}

Account* Shard::with_windows(const Name& name, Account* account, std::span<const Allowance> allow) {
  std::size_t missing = 0;
  for (const Allowance& a : allow) missing += account->window(a.window) == nullptr ? 1u : 0u;
  if (missing > 0) account = with_room(name, account, allow, missing);
  for (const Allowance& a : allow) {
    Window* window = account->window(a.window);
    if (window == nullptr) window = &account->add_window(a.window);
    window->most = a.most;
    window->burst = a.burst.value_or(0);
  }
  return account;
}

Account* Shard::with_room(const Name& name, Account* account, std::span<const Allowance> allow, std::size_t missing) {
  while (account->count + missing > kMostWindows) account->drop_window_beside(allow, budget_);
  if (account->count + missing <= account->room) return account;
  Account* const wide = Account::widened(account, account->count + missing, budget_);
  table_.replace(name.hash(), account, wide);
  return wide;
}

void Shard::erase(const Name& name, Account* account) {
  table_.erase(name.hash(), account);
  Account::destroy(account, budget_);
  accounts_.add(-1);
}

void Shard::stain(std::uint64_t hash, Account& account) {
  if (std::exchange(account.dirty, true)) return;
  const std::size_t before = stained_.capacity();
  stained_.push_back(hash);
  if (stained_.capacity() == before) return;
  if (before > 0) budget_.give_back(before * sizeof(std::uint64_t));
  budget_.take(stained_.capacity() * sizeof(std::uint64_t));
}

std::vector<std::uint64_t> Shard::take_stained() {
  if (stained_.capacity() > 0) budget_.give_back(stained_.capacity() * sizeof(std::uint64_t));
  return std::exchange(stained_, {});
}

bool Shard::tend(Moment now, std::size_t steps) {
  wheel_.advance(second_of(now), steps, [&](Link& link) { came(static_cast<Account&>(link), now); });
  return wheel_.idle(second_of(now));
}

void Shard::came(Account& account, Moment now) {
  account.expire(now, budget_);
  const Moment ends = account.ends();
  if (ends > now) return wheel_.put(account, second_of(ends) + 1);
  erase(Name(account.limit(), account.key(), hash_), &account);
}

}  // namespace postern::limits
