#include "policy/limits/saver.h"

#include <pthread.h>

#include <algorithm>
#include <vector>

#include "policy/limits/restore.h"
#include "policy/limits/saved_account.h"

namespace postern::limits {

namespace {

constexpr std::chrono::milliseconds kBreath{20};  // local: between two writings, however much hurry there is
constexpr std::size_t kUnderOneLock = 32;         // local: accounts, some microseconds
constexpr std::size_t kUnwaited = 20'000;         // local: a store drops what it cannot queue (100,000)
constexpr std::chrono::seconds kPatience{10};     // local
constexpr std::size_t kTendSteps = 2000;          // local: under one lock, some 100 µs

struct Written {
  std::string key, value;
  WallTime expires;
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

void Saver::hurry() {
  if (hurry_.exchange(true)) return;
  { const std::lock_guard lock(mutex_); }
  wake_.notify_one();
}

bool Saver::save(const Deadline& deadline) {
  write();
  return store_ == nullptr || store_->wait(store_->last(), deadline);
}

void Saver::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, every_, [&] { return ending_ || hurry_; });
    hurry_ = false;
    lock.unlock();
    write();
    accounts_.each_shard([&](Shard& shard) {
      shard.tend(accounts_.now(), kTendSteps);
      return true;
    });
    lock.lock();
    wake_.wait_for(lock, kBreath, [&] { return ending_; });
  }
}

void Saver::write() {
  if (store_ == nullptr) return;
  const std::lock_guard lock(writing_);
  for (std::size_t i = 0; i <= Accounts::kCoarse; ++i) write_shard(i);
}

void Saver::write_shard(std::size_t number) {
  Shard& shard = accounts_.shard(number);
  std::vector<std::uint64_t> stained;
  {
    const std::lock_guard lock(shard.mutex);
    stained = shard.take_stained();
  }
  std::vector<Written> written;
  for (std::size_t begin = 0; begin < stained.size(); begin += kUnderOneLock) {
    written.clear();
    {
      const std::lock_guard lock(shard.mutex);
      const saved::Time time = time_now(boot_, clock_);
      const WallTime wall = clock_.wall();
      for (std::size_t i = begin; i < std::min(begin + kUnderOneLock, stained.size()); ++i) {
        shard.table().each_of(stained[i], [&](Account& account) {
          if (!account.dirty) return;
          account.expire(time.steady, shard.budget());
          account.dirty = false;
          account.unsaved = 0;
          Written one;
          one.key = saved::key_of(account.limit(), account.key(), number == Accounts::kCoarse);
          saved::write(account, one.key, time, store::kMostValueBytes, one.value);
          one.expires = wall + std::chrono::milliseconds(std::max<std::int64_t>(account.ends() - time.steady, 1));
          written.push_back(std::move(one));
        });
      }
    }
    for (const Written& one : written) put(one.key, one.value, one.expires);
  }
}

void Saver::put(std::string_view key, std::string_view value, WallTime expires) {
  if (store_->put(store::Space::limit, key, value, expires) == store::kRefused) return failed_.add();
  saved_.add();
  if (++unwaited_ < kUnwaited) return;
  unwaited_ = 0;
  store_->wait(store_->last(), Deadline(std::chrono::steady_clock::now() + kPatience));
}

void Saver::forget(std::string_view limit, std::string_view key, bool coarse) {
  if (store_ == nullptr) return;
  const std::lock_guard lock(writing_);
  store_->erase(store::Space::limit, saved::key_of(limit, key, coarse));
}

}  // namespace postern::limits
