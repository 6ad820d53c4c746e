#include "policy/limits/memory_ledger.h"

#include "policy/limits/accounts.h"
#include "policy/limits/counting.h"
#include "policy/limits/inspect.h"
#include "policy/limits/restore.h"
#include "policy/limits/saver.h"

namespace postern::limits {

namespace {

/// Fills the accounts, and answers them.
Accounts& restored(Accounts& accounts, store::Store* store, std::uint64_t boot, const Clock& clock,
                   Counters& counters) {
  if (store != nullptr) restore(accounts, *store, boot, clock, counters);
  return accounts;
}

}  // namespace

struct MemoryLedger::Parts {
  Parts(const Options& options, const Clock& clock, Counters& counters, store::Store* store)
      : boot(boot_number(options.boot.empty() ? system_boot() : options.boot)),
        accounts(options.most_bytes, options.test_unkeyed_hash, clock, counters),
        saver(restored(accounts, store, boot, clock, counters), store, boot, clock, counters, options.save_every),
        counting(accounts, saver, options.save_part,
                 store != nullptr ? kept_value_key(*store, clock) : SipKey::random(), counters) {}

  const std::uint64_t boot;
  Accounts accounts;
  Saver saver;
  Counting counting;
};

MemoryLedger::MemoryLedger(const Options& options, const Clock& clock, Counters& counters, store::Store* store)
    : parts_(std::make_unique<Parts>(options, clock, counters, store)) {}
MemoryLedger::~MemoryLedger() = default;

void MemoryLedger::reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
                           const Deadline&) {
  parts_->counting.ask(demands, answers, &holds);
}

void MemoryLedger::look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline&) {
  parts_->counting.ask(demands, answers, nullptr);
}

void MemoryLedger::commit(std::span<const Hold> holds) {
  for (const Hold& hold : holds) parts_->counting.commit(hold);
}

void MemoryLedger::release(std::span<const Hold> holds) {
  for (const Hold& hold : holds) parts_->counting.release(hold);
}

void MemoryLedger::charge(std::span<const Demand> demands) {
  for (const Demand& demand : demands) parts_->counting.charge(demand);
}

void MemoryLedger::note_refused(std::string_view limit, std::string_view key) {
  parts_->counting.note_refused(limit, key);
}

std::vector<Ledger::Account> MemoryLedger::show(std::string_view key, const Deadline& deadline) {
  return accounts_of(parts_->accounts, key, deadline);
}

std::vector<Ledger::Account> MemoryLedger::top(std::string_view limit, std::size_t most, const Deadline& deadline) {
  return fullest(parts_->accounts, limit, most, deadline);
}

std::size_t MemoryLedger::reset(std::string_view limit, std::string_view key, const Deadline& deadline) {
  return forget(parts_->accounts, parts_->saver, limit, key, deadline);
}

bool MemoryLedger::save(const Deadline& deadline) { return parts_->saver.save(deadline); }

}  // namespace postern::limits
