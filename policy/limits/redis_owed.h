#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/counters.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

/// What was committed against the share of this machine, and is to be charged to Redis: a sum for each account and value.
/// Bounded: what does not fit counts in limits.redis.owed_lost. What is counted to know how accounts behave has a small room
/// of its own, so that it never takes that of limits, and counts in limits.redis.behaviour_lost. Thread-safe.
class RedisOwed {
 public:
  struct Charge {
    std::string limit, key;
    Unit unit = Unit::messages;
    std::vector<Allowance> allow;
    std::int64_t amount = 0;
    std::string value;

    Demand demand() const {
      return {.limit = limit, .key = key, .unit = unit, .allow = allow, .amount = amount, .value = value};
    }
  };
  static constexpr std::size_t kMost = 10'000;           // local
  static constexpr std::size_t kMostOfBehaviour = 1000;  // local

  explicit RedisOwed(Counters& counters)
      : lost_(counters.get("limits.redis.owed_lost")),
        lost_of_behaviour_(counters.get("limits.redis.behaviour_lost")) {}

  void add(Charge charge) {
    const std::lock_guard lock(mutex_);
    const bool values = counts_values(charge.unit);
    const std::string name = name_of(charge.limit, charge.key) + (values ? charge.value : std::string());
    const bool counts_behaviour = charge.limit.starts_with(kBehaviourPrefix);
    Charges& charges = counts_behaviour ? of_behaviour_ : of_limits_;
    const auto found = charges.find(name);
    if (found != charges.end()) {
      if (!values) found->second.amount += charge.amount;
    } else if (charges.size() >= (counts_behaviour ? kMostOfBehaviour : kMost)) {
      (counts_behaviour ? lost_of_behaviour_ : lost_).add();
    } else {
      charges.emplace(name, std::move(charge));
    }
  }

  /// Gives what is owed of the accounts of these demands, and some more, to `pay`, under the lock: whoever finds nothing owed
  /// of an account comes after that. What `pay` came to, or nothing where nothing is owed.
  template <class Pay>
  auto take(std::span<const Demand> demands, Pay pay) -> decltype(pay(std::vector<Charge>())) {
    const std::lock_guard lock(mutex_);
    if (of_limits_.empty() && of_behaviour_.empty()) return {};
    std::vector<Charge> some;
    for (Charges* charges : {&of_limits_, &of_behaviour_}) {
      const auto move_out = [&](auto at) {
        some.push_back(std::move(at->second));
        return charges->erase(at);
      };
      for (const Demand& demand : demands) {
        const std::string account = name_of(demand.limit, demand.key);
        for (auto at = charges->lower_bound(account); at != charges->end() && at->first.starts_with(account);)
          at = move_out(at);
      }
      for (std::size_t i = 0; i < kMore && !charges->empty(); ++i) move_out(charges->begin());
    }
    return pay(std::move(some));
  }

  /// Of this account, of one limit or (empty) of all, nothing is owed any more.
  void forget(std::string_view limit, std::string_view key) {
    const std::lock_guard lock(mutex_);
    for (Charges* charges : {&of_limits_, &of_behaviour_}) {
      std::erase_if(*charges, [&](const auto& one) {
        return one.second.key == key && (limit.empty() || one.second.limit == limit);
      });
    }
  }

 private:
  using Charges = std::map<std::string, Charge>;
  static constexpr std::size_t kMore = 64;  // local: so that the rest is paid by and by, whoever sends

  static std::string name_of(std::string_view limit, std::string_view key) {
    std::string name(limit);
    return name.append(1, '\0').append(key).append(1, '\0');
  }

  Counter& lost_;
  Counter& lost_of_behaviour_;
  std::mutex mutex_;  // guards what follows
  Charges of_limits_, of_behaviour_;
};

}  // namespace postern::limits
