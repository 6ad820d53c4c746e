#include "policy/limits/saver.h"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "policy/limits/restore.h"
#include "policy/limits/saved_account.h"

namespace postern::limits {

namespace {

constexpr std::chrono::milliseconds kBreath{20};  // local: between two writings, however much hurry there is
constexpr std::size_t kUnderOneLock = 32;         // local: accounts, some microseconds
constexpr std::size_t kUnwaited = 5'000;          // local: so many stand before what is urgent, some 30 ms
constexpr std::chrono::seconds kPatience{10};     // local
constexpr std::size_t kTendSteps = 2000;          // local: under one lock, some 100 µs

struct Written {
  std::uint64_t hash;
  std::string key = {}, value = {};
  WallTime expires = {};
};

}  // namespace

Saver::Saver(Accounts& accounts, store::Store* store, std::uint64_t boot, const Clock& clock, Counters& counters,
             std::chrono::milliseconds every)
    : accounts_(accounts),
      store_(store),
      boot_(boot),
      clock_(clock),
      every_(every),
      saved_(counters.get("limits.saved")),
      failed_(counters.get("limits.save_failed")) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "postern-limits");
}

Saver::~Saver() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  write();
}

void Saver::hurry(std::size_t shard, std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  urgent_.push_back({shard, hash});
  if (!hurry_.exchange(true)) wake_.notify_one();
}

void Saver::forget(std::size_t shard, std::uint64_t hash, std::string key_in_store) {
  if (store_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  forgotten_.emplace_back(Where{shard, hash}, std::move(key_in_store));
  if (!hurry_.exchange(true)) wake_.notify_one();
}

bool Saver::save(const Deadline& deadline) {
  write();
  if (store_ == nullptr) return true;
  const std::lock_guard lock(writing_);
  const bool durable = store_->wait(store_->last(), deadline);
  waited(durable);
  return durable;
}

void Saver::run() {
  std::unique_lock lock(mutex_);
  auto due = std::chrono::steady_clock::now() + every_;
  while (!ending_) {
    wake_.wait_until(lock, due, [&] { return ending_ || hurry_; });
    lock.unlock();
    if (std::chrono::steady_clock::now() >= due) {
      failing_ = false;
      write();
      tend();
      due = std::chrono::steady_clock::now() +
            (failing_ ? std::max<std::chrono::milliseconds>(every_, kPatience) : every_);
    } else {
      const std::lock_guard writing(writing_);
      write_urgent();
    }
    lock.lock();
    wake_.wait_for(lock, kBreath, [&] { return ending_; });
  }
}

void Saver::tend() {
  accounts_.each_shard([&](Shard& shard) {
    shard.tend(accounts_.now(), kTendSteps);
    return true;
  });
}

void Saver::write() {
  if (store_ == nullptr) return;
  const std::lock_guard lock(writing_);
  for (std::size_t i = 0; i <= Accounts::kCoarse; ++i) write_shard(i);
  write_urgent();  // what was forgotten meanwhile
}

void Saver::write_urgent() {
  if (!hurry_) return;
  std::vector<Where> urgent;
  std::vector<std::pair<Where, std::string>> forgotten;
  {
    const std::lock_guard lock(mutex_);
    hurry_ = false;
    urgent.swap(urgent_);
    forgotten.swap(forgotten_);
  }
  // Behind whatever was written of it before. What has begun anew under its name may have been written, too: once more.
  for (const auto& [at, key] : forgotten) {
    store_->erase(store::Space::limit, key);
    stain_again({&at, 1});
  }
  for (const Where& at : urgent) write_accounts(at.shard, {&at.hash, 1});
}

void Saver::write_shard(std::size_t number) {
  Shard& shard = accounts_.shard(number);
  std::vector<std::uint64_t> stained;
  {
    const std::lock_guard lock(shard.mutex);
    stained = shard.take_stained();
  }
  std::span<const std::uint64_t> rest = stained;
  for (std::size_t many = 0; write_urgent(), !rest.empty(); rest = rest.subspan(many)) {
    many = std::min(kUnderOneLock, rest.size());
    write_accounts(number, rest.first(many));
  }
}

/// Those of them that are changed; no more than kUnderOneLock.
void Saver::write_accounts(std::size_t number, std::span<const std::uint64_t> hashes) {
  Shard& shard = accounts_.shard(number);
  std::vector<Written> written;
  {
    const std::lock_guard lock(shard.mutex);
    const saved::Time time = time_now(boot_, clock_);
    const WallTime wall = clock_.wall();
    for (const std::uint64_t hash : hashes) {
      shard.table().each_of(hash, [&](Account& account) {
        if (!account.dirty) return;
        account.expire(time.steady, shard.budget());
        account.dirty = account.urgent = false;
        account.unsaved = 0;
        Written one{.hash = hash, .key = saved::key_of(account.limit(), account.key(), number == Accounts::kCoarse)};
        saved::write(account, one.key, time, store::kMostValueBytes, one.value);
        one.expires = wall + std::chrono::milliseconds(std::max<std::int64_t>(account.ends() - time.steady, 1));
        written.push_back(std::move(one));
      });
    }
  }
  std::vector<Where> refused;
  for (const Written& one : written) {
    const bool taken = store_->put(store::Space::limit, one.key, one.value, one.expires) != store::kRefused;
    (taken ? saved_ : failed_).add();
    (taken ? unwaited_ : refused).push_back({number, one.hash});
  }
  stain_again(refused);
  if (unwaited_.size() < kUnwaited) return;
  waited(store_->wait(store_->last(), Deadline(std::chrono::steady_clock::now() + kPatience)));
}

/// What was put so far is in the file, or may not be.
void Saver::waited(bool durable) {
  if (!durable) {
    failing_ = true;
    failed_.add(static_cast<std::int64_t>(unwaited_.size()));
    stain_again(unwaited_);
  }
  unwaited_.clear();
}

void Saver::stain_again(std::span<const Where> accounts) {
  for (const Where& at : accounts) {
    Shard& shard = accounts_.shard(at.shard);
    const std::lock_guard lock(shard.mutex);
    shard.table().each_of(at.hash, [&](Account& account) { shard.stain(at.hash, account); });
  }
}

}  // namespace postern::limits
