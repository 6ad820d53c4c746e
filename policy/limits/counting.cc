#include "policy/limits/counting.h"

#include <algorithm>
#include <utility>

#include "policy/limits/hold_id.h"

namespace postern::limits {

namespace {

std::span<const Allowance> windows_of(std::span<const Allowance> allow) {
  return allow.first(std::min(allow.size(), kMostWindows));
}

Demand bounded(Demand demand) {
  demand.allow = windows_of(demand.allow);
  return demand;
}

Demand demand_of(const Hold& hold) {
  return {.limit = hold.limit,
          .key = hold.key,
          .unit = hold.unit,
          .allow = hold.allow,
          .amount = hold.amount,
          .value = hold.value};
}

/// The names of a call's demands; one needs no memory.
class Names {
 public:
  Names(std::span<const Demand> demands, const NameHash& hash) {
    if (demands.size() == 1) one_ = Name(demands[0].limit, demands[0].key, hash);
    if (demands.size() < 2) return;
    many_.reserve(demands.size());
    for (const Demand& demand : demands) many_.emplace_back(demand.limit, demand.key, hash);
  }
  const Name& operator[](std::size_t i) const { return many_.empty() ? one_ : many_[i]; }

 private:
  Name one_;
  std::vector<Name> many_;
};

Name name_of(const Hold& hold) { return {hold.limit, hold.key, hold.name_hash}; }

/// Where the hold stands in the account, which may be another by now; `coarse` says which kind it is of.
Held held_in(const Account& account, bool coarse, const Hold* hold, Moment now) {
  if (hold == nullptr) return {};
  const HoldId id = HoldId::of(hold->id);
  const bool open = id.open && id.coarse == coarse && id.serial == account.serial && id.lease >= kLease.oldest(now);
  return {.any = true, .open = open, .placed = id.placed, .lease = id.lease, .arrivals = hold->arrivals};
}

void write_hold(const Demand& demand, const Name& name, const HoldId& id, Hold& hold) {
  hold.id = id.number();
  hold.limit = name.limit();
  hold.key = name.key();
  hold.name_hash = name.hash();
  hold.unit = demand.unit;
  hold.allow = demand.allow;
  hold.amount = hold.cost = demand.amount;
  hold.value = demand.value;
}

/// So much of a window is not saved that it should be at once.
bool is_urgent(const Account& account, std::int64_t part) {
  return std::any_of(account.windows().begin(), account.windows().end(),
                     [&](const Window& window) { return window.most > 0 && account.unsaved >= window.most / part; });
}

}  // namespace

Counting::Counting(Accounts& accounts, Saver& saver, std::int64_t save_part, const SipKey& value_key,
                   Counters& counters)
    : accounts_(accounts),
      saver_(saver),
      save_part_(std::max<std::int64_t>(save_part, 1)),
      value_key_(value_key),
      coarse_(counters.get("limits.coarse")),
      values_full_(counters.get("limits.values_full")) {}

void Counting::ask(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>* holds) {
  const Names names(demands, accounts_.hash());
  ShardLocks locks(accounts_);
  for (std::size_t i = 0; i < demands.size(); ++i) locks.want(Accounts::shard_of(names[i]));
  locks.lock();
  const Moment now = accounts_.now();  // under the locks: nobody counts with an earlier one after this
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const std::size_t before = holds != nullptr ? holds->size() : 0;
    answers[i] = ask_one(bounded(demands[i]), names[i], now, locks, holds);
    if (holds != nullptr && holds->size() > before) holds->back().demand = i;
  }
}

Counting::Found Counting::find(const Name& name, Unit unit, Moment now, ShardLocks& locks) {
  Shard& own = accounts_.shard(Accounts::shard_of(name));
  Account* const account = own.find(name, unit, now);
  if (account != nullptr || own.budget().has_room()) return {&name, &own, account};
  coarse_.add();
  if (Accounts::is_behaviour(name)) return {&name, nullptr, nullptr};
  locks.lock_coarse();
  auto coarser = accounts_.coarser(name, unit, now);
  const Name* const coarse_name = &coarser->name;
  Account* const coarse_account = coarser->account;
  return {coarse_name, &accounts_.shard(Accounts::kCoarse), coarse_account, std::move(coarser)};
}

Answer Counting::ask_one(const Demand& demand, const Name& name, Moment now, ShardLocks& locks,
                         std::vector<Hold>* holds) {
  Answer answer;
  const Found found = find(name, demand.unit, now, locks);
  answer.coarse = found.coarser != nullptr || found.shard == nullptr;
  if (found.shard == nullptr) return answer;
  Account* account = found.account;
  if (account != nullptr && holds != nullptr) account = found.shard->with_windows(*found.name, account, demand.allow);
  const Request request = this->request(demand, *found.shard, now);
  const Weighed weighed = weigh(account, request, answer);
  if (!weighed.fits || holds == nullptr || demand.amount <= 0) return answer;
  if (account == nullptr) {
    account = found.shard->make(*found.name, demand.unit, demand.allow, now);
    account = found.shard->with_windows(*found.name, account, demand.allow);
  }
  Arrivals arrivals{};
  const Taken taken = take(*account, request, weighed, arrivals);
  for (std::size_t i = 0; i < demand.allow.size(); ++i) answer.used[i] += weighed.costs[i];
  const HoldId id{.coarse = answer.coarse,
                  .open = taken != Taken::nothing,
                  .placed = taken != Taken::unplaced,
                  .serial = account->serial,
                  .lease = static_cast<std::uint32_t>(kLease.slot_at(now))};
  write_hold(demand, *found.name, id, holds->emplace_back());
  holds->back().arrivals = arrivals;
  if (counts_values(demand.unit))
    holds->back().cost = *std::max_element(weighed.costs.begin(), weighed.costs.begin() + std::ssize(demand.allow));
  return answer;
}

void Counting::count(const Demand& demand, const Hold* hold) {
  if (demand.amount <= 0) return;
  const Name name = hold != nullptr ? name_of(*hold) : Name(demand.limit, demand.key, accounts_.hash());
  const bool is_coarse = hold != nullptr && HoldId::of(hold->id).coarse;
  ShardLocks locks(accounts_);
  if (!is_coarse) locks.want(Accounts::shard_of(name));
  locks.lock();
  if (is_coarse) locks.lock_coarse();
  const Moment now = accounts_.now();
  Shard& coarse = accounts_.shard(Accounts::kCoarse);
  const Found found =
      is_coarse ? Found{&name, &coarse, coarse.find(name, demand.unit, now)} : find(name, demand.unit, now, locks);
  if (found.shard == nullptr) return;
  Account* account = found.account;
  if (account == nullptr) account = found.shard->make(*found.name, demand.unit, demand.allow, now);
  account = found.shard->with_windows(*found.name, account, demand.allow);
  const Held held = held_in(*account, found.shard == &coarse, hold, now);
  account->unsaved += limits::commit(*account, request(demand, *found.shard, now), held);
  if (saver_.saves()) {
    found.shard->stain(found.name->hash(), *account);
    if (is_urgent(*account, save_part_) && !std::exchange(account->urgent, true))
      saver_.hurry(found.shard == &coarse ? Accounts::kCoarse : Accounts::shard_of(name), found.name->hash());
  }
}

void Counting::commit(const Hold& hold) { count(demand_of(hold), &hold); }

void Counting::charge(const Demand& demand) { count(bounded(demand), nullptr); }

void Counting::release(const Hold& hold) {
  const HoldId id = HoldId::of(hold.id);
  if (!id.open) return;
  const Name name = name_of(hold);
  Shard& shard = accounts_.shard(id.coarse ? Accounts::kCoarse : Accounts::shard_of(name));
  const std::lock_guard lock(shard.mutex);
  const Moment now = accounts_.now();
  Account* const account = shard.find(name, now);
  if (account == nullptr || account->unit != hold.unit) return;
  const Demand demand = demand_of(hold);
  limits::release(*account, request(demand, shard, now), held_in(*account, id.coarse, &hold, now));
}

void Counting::note_refused(std::string_view limit, std::string_view key) {
  const Name name(limit, key, accounts_.hash());
  Shard& shard = accounts_.shard(Accounts::shard_of(name));
  const std::lock_guard lock(shard.mutex);
  const Moment now = accounts_.now();
  Account* account = shard.find(name, now);
  if (account == nullptr && shard.budget().has_room()) account = shard.make(name, Unit::messages, {}, now);
  if (account != nullptr && account->refused < ~std::uint32_t{0}) ++account->refused;
}

Request Counting::request(const Demand& demand, Shard& shard, Moment now) {
  const std::uint64_t value = counts_values(demand.unit) ? sip_hash(value_key_, demand.value) : 0;
  return {demand, std::max<std::uint64_t>(value, 1), now, shard.budget(), values_full_};
}

}  // namespace postern::limits
