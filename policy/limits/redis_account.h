#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/sip_hash.h"
#include "policy/limits/ledger.h"
#include "policy/store/redis/command.h"
#include "policy/store/redis/reply.h"

namespace postern::limits {

/// How what ledgers count is named in Redis, the same on each machine with this prefix (FAULTS T63): keys and values are
/// hashed, so that of them nothing but their hash is part of a name. Immutable, thread-safe.
class RedisNames {
 public:
  explicit RedisNames(std::string prefix);

  /// 22 letters for a key: its hash tag.
  std::string tag(std::string_view key) const;
  /// 16 bytes for a value that is counted once.
  std::string value(std::string_view value) const;
  /// What tells whether an account was last asked with the same allowances and unit.
  std::uint64_t print(std::string_view allow, char unit) const {
    return sip_hash(first_, allow, static_cast<std::uint16_t>(unit));
  }
  /// PREFIX l:{tag}:limit. Accounts of one key stand in one slot of a Cluster.
  std::string account(std::string_view tag, std::string_view limit) const;
  /// The sorted set of the accounts of a limit that have used much of what they may: their tags.
  std::string index(std::string_view limit) const { return prefix_ + "t:" + std::string(limit); }
  /// The set of the names of limits, but for those with a blank.
  std::string limits() const { return prefix_ + "limits"; }

 private:
  std::string prefix_;
  SipKey first_, second_;
};

/// `most:seconds[:burst],…`
std::string allow_text(std::span<const Allowance> allow);

/// Adds what the scripts take of one demand.
void append_demand(store::redis::Command& command, const RedisNames& names, char op, const Demand& demand,
                   std::string_view id, std::chrono::milliseconds lease_slot);
/// How many bytes redis_scripts::ask() answers for it.
constexpr std::size_t answer_size(const Demand& demand) { return 1 + 16 * demand.allow.size(); }
/// What the first of them say, which go. False where they make no sense.
bool take_answer(std::string_view& bytes, const Demand& demand, Answer& answer);

/// The account that a hash holds, as HGETALL answers, at the time of that server; of one that counts values `used` stays 0.
/// False where there is none.
bool read_account(const store::redis::Reply& fields, std::int64_t now_ms, Ledger::Account& account);

/// A decimal number as Redis writes it; 0 where it is none.
std::int64_t number_of(std::string_view text);

/// How much of what it may an account has used, of its tightest window, in thousandths.
std::int64_t part_used(std::span<const std::int64_t> used, std::span<const std::int64_t> allow);

}  // namespace postern::limits
