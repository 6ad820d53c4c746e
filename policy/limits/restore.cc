#include "policy/limits/restore.h"

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "policy/base/text.h"
#include "policy/limits/bytes.h"

namespace postern::limits {

namespace {

constexpr SipKey kBootKey{0x706f737465726e21, 11};
constexpr std::string_view kValueKey("\0:values", 8);  // no account's: those have a NUL behind the limit
constexpr std::size_t kAll = std::size_t{1} << 30;
constexpr std::size_t kThreads = 2;  // local: one reads while the other makes accounts
constexpr int kPortions = 256;

/// Puts in what stands under one entry of the store.
class Restorer {
 public:
  Restorer(Accounts& accounts, store::Store& store, std::uint64_t boot, const Clock& clock, Counters& counters)
      : accounts_(accounts),
        store_(store),
        now_(time_now(boot, clock)),
        restored_(counters.get("limits.restored")),
        bad_(counters.get("limits.restore_bad")),
        left_(counters.get("limits.restore_left")) {}

  /// Until all portions are done; several threads may.
  void work() {
    for (int portion = next_++; portion < kPortions; portion = next_++) {
      const char byte = static_cast<char>(portion);
      for (const store::Store::Listed& listed : store_.list(store::Space::limit, {&byte, 1}, kAll)) one(listed);
    }
  }

 private:
  void one(const store::Store::Listed& listed) {
    if (listed.key == kValueKey) return;
    const std::optional<saved::Name> of = saved::name_of(listed.key);
    const std::optional<saved::Saved> saved = of ? saved::read(listed.key, listed.entry.value, now_) : std::nullopt;
    if (!saved) return bad_.add();
    const Name name(of->limit, of->key, accounts_.hash());
    Shard& shard = accounts_.shard(of->coarse ? Accounts::kCoarse : Accounts::shard_of(name));
    std::vector<Allowance> allow;
    for (const auto& window : saved->windows) allow.push_back(window.allow);
    const std::lock_guard lock(shard.mutex);
    if (!shard.budget().has_room()) return left_.add();
    if (shard.find(name, now_.steady) != nullptr) return;
    Account* account = shard.make(name, saved->unit, allow, now_.steady);
    account = shard.with_windows(name, account, allow);
    saved::put_into(*account, *saved, now_.steady, shard.budget());
    restored_.add();
  }

  Accounts& accounts_;
  store::Store& store_;
  const saved::Time now_;
  Counter &restored_, &bad_, &left_;
  std::atomic<int> next_{0};
};

}  // namespace

std::string system_boot() {
  std::string id;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::getline(file, id);
  return std::string(trim(id));
}

std::uint64_t boot_number(std::string_view boot) { return boot.empty() ? 0 : sip_hash(kBootKey, boot) | 1; }

saved::Time time_now(std::uint64_t boot, const Clock& clock) {
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch()).count();
  return {boot, moment_of(clock.now()), std::max<std::int64_t>(wall, 0)};
}

SipKey kept_value_key(store::Store& store, const Clock& clock) {
  SipKey key = SipKey::random();
  if (const auto entry = store.get(store::Space::limit, kValueKey)) {
    bytes::Input in(entry->value);
    const std::uint64_t first = in.word();
    const std::uint64_t second = in.word();
    if (in.ok() && in.at_end()) key = {first, second};
  }
  std::string value;
  bytes::put_word(value, key.first);
  bytes::put_word(value, key.second);
  store.put(store::Space::limit, kValueKey, value, clock.wall() + store::kLongest);
  return key;
}

void restore(Accounts& accounts, store::Store& store, std::uint64_t boot, const Clock& clock, Counters& counters) {
  Restorer restorer(accounts, store, boot, clock, counters);
  std::array<std::thread, kThreads> threads;
  for (std::thread& thread : threads) thread = std::thread([&] { restorer.work(); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace postern::limits
