#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits/memory_ledger.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_store.h"

namespace postern::limits {

inline Deadline no_hurry() { return Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(20)); }

/// A ledger, its clock, its store, and one limit.
class LimitsWorld {
 public:
  explicit LimitsWorld(std::vector<Allowance> allowances = {{.most = 10, .window = std::chrono::hours(1)}},
                       Unit counted = Unit::messages)
      : allow(std::move(allowances)), unit(counted) {
    open();
  }

  /// As after a restart.
  void open() {
    ledger.reset();
    ledger = std::make_unique<MemoryLedger>(options, clock, counters, &store);
  }
  Demand demand(std::string_view key, std::int64_t amount = 1, std::string_view value = {}) const {
    return {.limit = "limit", .key = key, .unit = unit, .allow = allow, .amount = amount, .value = value};
  }
  /// Reserves; the hold is the last of `holds` where it was taken.
  Answer reserve(std::string_view key, std::int64_t amount = 1, std::string_view value = {}) {
    return ask(demand(key, amount, value));
  }
  Answer ask(const Demand& one) {
    Answer answer;
    ledger->reserve({&one, 1}, {&answer, 1}, holds, no_hurry());
    return answer;
  }
  Answer look(std::string_view key, std::int64_t amount = 1, std::string_view value = {}) {
    const Demand one = demand(key, amount, value);
    Answer answer;
    ledger->look({&one, 1}, {&answer, 1}, no_hurry());
    return answer;
  }
  /// Is it taken? It is committed then.
  bool send(std::string_view key, std::int64_t amount = 1, std::string_view value = {}) {
    if (reserve(key, amount, value).kind == Answer::Kind::over) return false;
    commit();
    return true;
  }
  /// How many of so many are taken.
  int send_many(std::string_view key, int times) {
    int sent = 0;
    for (int i = 0; i < times; ++i) sent += send(key) ? 1 : 0;
    return sent;
  }
  void commit() {
    ledger->commit({&holds.back(), 1});
    holds.pop_back();
  }
  void release() {
    ledger->release({&holds.back(), 1});
    holds.pop_back();
  }
  void charge(std::string_view key, std::int64_t amount = 1, std::string_view value = {}) {
    const Demand one = demand(key, amount, value);
    ledger->charge({&one, 1});
  }
  std::int64_t used(std::string_view key, std::size_t window = 0) { return look(key, 0).used[window]; }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }

  test::FakeClock clock;
  Counters counters;
  test::FakeStore store{clock};
  MemoryLedger::Options options{.boot = "one"};
  std::vector<Allowance> allow;
  Unit unit;
  std::unique_ptr<MemoryLedger> ledger;
  std::vector<Hold> holds;
};

}  // namespace postern::limits
