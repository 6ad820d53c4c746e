#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/guarded.h"
#include "policy/limits/ledger.h"
#include "policy/limits/redis_account.h"
#include "policy/limits/redis_owed.h"
#include "policy/store/redis/connection.h"

namespace postern::limits {

/// Counts in a Redis that several machines share, by its clock (FAULTS T64): each call is one script, or with `cluster` one
/// a key, all in one round trip. commit(), release(), charge() and note_refused() are told and not waited for.
///
/// While Redis cannot be asked, demands with Fallback::local are put to the `local` ledger with this machine's share:
/// most / nodes, at least 1 where most is. Others are unavailable. What was committed through Redis is also charged to
/// `local`, so that an outage does not begin from zero there; what was committed against the share is charged to Redis when
/// it is back, before this machine asks it about that account.
///
/// What holds, with N allowed and k machines, s = max(1, N / k) rounded down, in any window:
///
/// - while Redis is asked and keeps what it has answered: never more than N;
/// - with outages of any number and length: N + (k - 1) * s, and what was reserved and not yet committed as one began or
///   ended. All N may have been committed through one machine; the others then have a share each, and it has none: a
///   machine takes from its share only while all that it has committed itself is below it, and from Redis only after what
///   it owes was charged there. For N >= k that is at most N + N * (k - 1) / k; for N < k the shares add up to k;
/// - of more than 10,000 accounts and values that one outage has to be charged the others are lost, and of them that much
///   more (limits.redis.owed_lost); what is counted to know how accounts behave has 1000 places apart from those;
/// - a machine that is restarted during an outage has forgotten what it counted and what it owes: s more for each time;
/// - where Redis goes back by what it had not replicated or saved (failover, restart): that much more, at most N each time;
///   and with two masters at once, N for each that is asked (FAULTS T62).
class RedisLedger final : public Ledger {
 public:
  struct Options {
    std::chrono::milliseconds lease_slot{300'000};  ///< a reservation ends after 12 to 13 of them
    bool test_no_shadow = false;                    ///< for tests: does not charge what it commits to `local`
    bool test_no_tombstone = false;                 ///< for tests: forgets what it asked when no answer comes
  };
  /// All outlive it.
  RedisLedger(const Options& options, store::redis::Connection& redis, Ledger& local, Counters& counters);
  /// Hands over what is owed, where Redis is there: the end of the connection waits for it.
  ~RedisLedger() override;

  void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
               const Deadline& deadline) override;
  std::chrono::seconds lease() const override { return std::chrono::hours(1); }
  void look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline& deadline) override;
  void commit(std::span<const Hold> holds) override;
  void release(std::span<const Hold> holds) override;
  void charge(std::span<const Demand> demands) override;
  void note_refused(std::string_view limit, std::string_view key) override;
  /// Of all that this and other machines have counted; of `local` while Redis cannot be asked. As top() and reset(), of every
  /// limit whose name has no blank.
  std::vector<Account> show(std::string_view key, const Deadline& deadline) override;
  /// From an index that is brought up to date as accounts use another tenth of what they may.
  std::vector<Account> top(std::string_view limit, std::size_t most, const Deadline& deadline) override;
  /// In Redis and in `local`.
  std::size_t reset(std::string_view limit, std::string_view key, const Deadline& deadline) override;

 private:
  using Group = std::vector<std::size_t>;  ///< the places of demands that go in one script
  struct Place {
    std::string tag, limit;
  };

  std::vector<Group> groups_of(const std::vector<std::string>& tags) const;
  std::vector<std::string> tags_of(std::span<const Demand> demands) const;
  std::vector<store::redis::Command> commands_of(char op, std::span<const Demand> demands,
                                                 const std::vector<std::string>& tags, const std::vector<Group>& groups,
                                                 const std::vector<std::string>& holds) const;
  // After what is owed was paid. The places that Redis has not answered come back.
  std::vector<std::size_t> pay_and_ask(char op, std::span<const Demand> demands, std::span<Answer> answers,
                                       std::vector<Hold>& taken, const Deadline& deadline);
  std::vector<std::size_t> ask(char op, std::span<const Demand> demands, std::span<Answer> answers, std::uint64_t id,
                               const Deadline& deadline);
  void ask_local(std::span<const Demand> demands, const std::vector<std::size_t>& places, std::span<Answer> answers,
                 std::vector<Hold>* holds, const Deadline& deadline);
  Demand share_of(const Demand& demand, std::vector<Allowance>& room) const;
  void settle(char op, std::span<const Hold> holds);
  void pay(std::span<const Demand> due, const Deadline& deadline);

  void tell_limits(std::span<const Demand> demands);
  void tell_index(std::span<const Demand> demands, const std::vector<std::string>& tags,
                  std::span<const Answer> answers, const std::vector<std::size_t>& missing);
  std::vector<std::string> limits(const Deadline& deadline, bool& available);
  std::vector<Account> accounts(const std::vector<Place>& places, const Deadline& deadline, bool& available);

  const Options options_;
  store::redis::Connection& redis_;
  Ledger& local_;
  const RedisNames names_;
  const std::int64_t nodes_;
  Counter& unavailable_;
  Counter& odd_;
  RedisOwed owed_;
  struct Known {
    std::uint64_t generation = 0;
    std::set<std::string, std::less<>> limits;
  };
  Guarded<Known> known_;
  std::atomic<std::uint64_t> next_id_;
  std::atomic<std::int64_t> indexed_{0};
};

}  // namespace postern::limits
