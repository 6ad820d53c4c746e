#include "policy/limits/accounts.h"

#include <bit>
#include <utility>

namespace postern::limits {

namespace {

constexpr std::size_t kCoarsePart = 16;    // local: of all memory
constexpr std::size_t kBehaviourPart = 2;  // local: so much at most, of which limits may use what is free

}  // namespace

Accounts::Accounts(std::size_t most_bytes, bool unkeyed_hash, const Clock& clock, Counters& counters)
    : clock_(clock),
      hash_{.key = SipKey::random(), .unkeyed = unkeyed_hash},
      budget_(most_bytes - most_bytes / kCoarsePart),
      behaviour_budget_((most_bytes - most_bytes / kCoarsePart) / kBehaviourPart, &budget_),
      coarse_budget_(most_bytes / kCoarsePart) {
  Counter& gauge = counters.get("limits.accounts");
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    Budget& budget = i == kCoarse ? coarse_budget_ : i >= kOwnShards ? behaviour_budget_ : budget_;
    shards_[i] = std::make_unique<Shard>(budget, hash_, gauge, now());
  }
}

std::unique_ptr<Accounts::Coarser> Accounts::coarser(const Name& name, Unit unit, Moment now) {
  Shard& shard = *shards_[kCoarse];
  auto coarser = std::make_unique<Coarser>();
  for (std::string key : {coarser_key(name.key()), cell_key(name.hash()), std::string(kRestKey)}) {
    if (key.empty()) continue;
    coarser->key = std::move(key);
    coarser->name = Name(name.limit(), coarser->key, hash_);
    coarser->account = shard.find(coarser->name, unit, now);
    if (coarser->account != nullptr || coarse_budget_.has_room()) break;
  }
  return coarser;
}

template <class Use>
void ShardLocks::each(Use use) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    for (std::uint64_t rest = wanted_[i]; rest != 0; rest &= rest - 1)
      use(accounts_.shard(i * 64 + static_cast<std::size_t>(std::countr_zero(rest))).mutex);
  }
}

void ShardLocks::lock() {
  each([](std::mutex& mutex) { mutex.lock(); });
  locked_ = true;
}

void ShardLocks::lock_coarse() {
  if (std::exchange(coarse_, true)) return;
  accounts_.shard(Accounts::kCoarse).mutex.lock();
}

ShardLocks::~ShardLocks() {
  if (coarse_) accounts_.shard(Accounts::kCoarse).mutex.unlock();
  if (locked_) each([](std::mutex& mutex) { mutex.unlock(); });
}

}  // namespace postern::limits
