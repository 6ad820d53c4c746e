#pragma once

#include "policy/store/redis/command.h"

namespace postern::limits::redis_scripts {

/// What one account is in Redis: a hash, whose fields are
///
///     k  the key           a  "most:seconds[:burst],…" as last asked with         u  a letter of the unit
///     r  refused tries
///     s  RedisNames::print(), reserved, open holds, of them in fields, lease slot of the oldest      8 bytes, <I6I4I4I5
///        of each window of `a`: slot, sum, sum of that slot                                          <I5I6I6
///        open holds, at most 64: id, lease slot, amount; 2^48 - 1 was given back before it came     10 bytes, <I5I6
///     S<i>      the slots before that of the i-th window in which something was committed            <I5I6 each, at most 121
///     G<i>      when its burst is whole again (GCRA), in µs                                          decimal
///     h<id>     a further hold, or one of a value: lease slot, amount                                <I5I6, then the value, or "-"
///     v<value>  "holds score" of a value that is reserved: its score before
///
/// (the forms are those of Lua's struct) and where values are counted a sorted set beside it (":v"): the values by the time
/// that they were last committed, a reserved one by a time to come. A hold with "-" was given back before it came.
/// Where the clock was set back what is counted stays, as if it had been so much earlier.

/// KEYS: accounts. ARGV: "0", and for each of them what append_demand() writes, two of them: first, packed, `r` to take or `l`
/// to look, a letter of the unit (d distinct, f first-time), `1` where no window has a burst and no values are counted, print,
/// id of the hold, and as doubles the length of a lease slot, amount, time to live, which window is the longest, and of each
/// window length of a slot, number of slots, and most; then value (16 bytes or none), allowances as in `a`, a space, and the key.
/// Answers of each 1 where it was taken, 0 where it does not fit, and as doubles of each window what is used, and in how many ms
/// it would fit (0: now, -1: never). Who looks with other windows than those there leaves them as they are.
const store::redis::Script& ask();

/// KEYS and ARGV as above, but with `c` commit, `b` give back, `u` give back what has perhaps not come, `x` charge, `o` charge
/// what has been owed for a while, `n` note a refused try; and ARGV[1] is "1" where it has perhaps been done before. `x`, like
/// `r`, makes the windows those of the demand, where those that stay keep what is counted; others count in the windows there.
const store::redis::Script& settle();

}  // namespace postern::limits::redis_scripts
