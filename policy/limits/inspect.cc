#include "policy/limits/inspect.h"

#include <algorithm>
#include <string>
#include <utility>

#include "policy/limits/saved_account.h"

namespace postern::limits {

namespace {

bool passed(const Deadline& deadline) { return deadline.passed(std::chrono::steady_clock::now()); }

/// As it is now; the shard is locked.
Ledger::Account told(Account& account) {
  Ledger::Account out;
  out.limit = account.limit();
  out.key = account.key();
  out.unit = account.unit;
  for (const Window& window : account.windows()) out.windows.push_back({window.allow(), account.used(window)});
  out.reserved = account.open.sum();
  out.refused = account.refused;
  return out;
}

/// How much of what it may is used, at most.
double share(const Account& account) {
  double most = 0;
  for (const Window& window : account.windows()) {
    const auto used = static_cast<double>(account.used(window));
    most = std::max(most, used / static_cast<double>(std::max<std::int64_t>(window.most, 1)));
  }
  return most;
}

/// Calls `use(shard, account)` for each that is of the limit, or for all where that is empty.
template <class Use>
void each_of(Accounts& accounts, std::string_view limit, const Deadline& deadline, Use use) {
  accounts.each_shard([&](Shard& shard) {
    const Moment now = accounts.now();
    shard.table().each([&](Account& account) {
      if (!limit.empty() && account.limit() != limit) return;
      account.expire(now, shard.budget());
      use(shard, account);
    });
    return !passed(deadline);
  });
}

}  // namespace

std::vector<Ledger::Account> accounts_of(Accounts& accounts, std::string_view key, const Deadline& deadline) {
  std::vector<Ledger::Account> found;
  const Name name({}, key, accounts.hash());
  const std::string first_part = std::string(name.key()) + '\t';
  each_of(accounts, {}, deadline, [&](Shard&, Account& account) {
    if (account.key() == name.key() || account.key().starts_with(first_part)) found.push_back(told(account));
  });
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.limit < b.limit; });
  return found;
}

std::vector<Ledger::Account> fullest(Accounts& accounts, std::string_view limit, std::size_t most,
                                     const Deadline& deadline) {
  using Shared = std::pair<double, Ledger::Account>;
  const auto fuller = [](const Shared& a, const Shared& b) { return a.first > b.first; };
  std::vector<Shared> heap;  // the least full stands in front
  each_of(accounts, limit, deadline, [&](Shard&, Account& account) {
    if (limit.empty() && account.limit().starts_with(kBehaviourPrefix)) return;
    const double part = share(account);
    if (most == 0 || (heap.size() == most && part <= heap.front().first)) return;
    if (heap.size() == most) {
      std::pop_heap(heap.begin(), heap.end(), fuller);
      heap.pop_back();
    }
    heap.emplace_back(part, told(account));
    std::push_heap(heap.begin(), heap.end(), fuller);
  });
  std::sort_heap(heap.begin(), heap.end(), fuller);
  std::vector<Ledger::Account> top;
  for (Shared& one : heap) top.push_back(std::move(one.second));
  return top;
}

std::size_t forget(Accounts& accounts, Saver& saver, std::string_view limit, std::string_view key,
                   const Deadline& deadline) {
  const Name cut({}, key, accounts.hash());
  std::size_t found = 0;
  for (std::size_t i = 0; i <= Accounts::kCoarse; ++i) {
    Shard& shard = accounts.shard(i);
    const std::lock_guard lock(shard.mutex);
    std::vector<std::string> limits;
    if (!limit.empty()) {
      limits.emplace_back(limit);
    } else {
      shard.table().each([&](const Account& account) {
        if (account.key() == cut.key()) limits.emplace_back(account.limit());
      });
    }
    for (const std::string& one : limits) {
      const Name name(one, key, accounts.hash());
      Account* const account = shard.table().find(name);
      if (account == nullptr) continue;
      shard.erase(name, account);
      saver.forget(i, name.hash(), saved::key_of(one, cut.key(), i == Accounts::kCoarse));
      ++found;
    }
    if (passed(deadline)) break;
  }
  return found;
}

}  // namespace postern::limits
