#include "policy/limits/redis_scripts.h"

#include <string>

#include "policy/limits/redis_scripts_slow.h"

namespace postern::limits::redis_scripts {

namespace {

// Of what a script costs most are its calls, and the functions and tables that it makes: hence `s`, and no function before it is
// needed.
constexpr const char* kHead = R"lua(
local call, floor, max, min = redis.call, math.floor, math.max, math.min
local pack, unpacked, sub, find = struct.pack, struct.unpack, string.sub, string.find
local t = call('TIME')
local us = t[1] * 1000000 + t[2]
local now = (us - us % 1000) / 1000
local kLeases, kInline, kGone = 12, 64, 281474976710655
local one, out
)lua";

// The windows as they were last asked with, no burst, no value, and it fits.
constexpr const char* kFastAsk = R"lua(
out = {}
for i = 1, #KEYS do
  local key, b, answer = KEYS[i], ARGV[2 * i], false
  local op, plain, print, id, length, amount, ttl, longest = unpacked('<c1xc1c8c10dddd', b)
  local s = plain == '1' and call('HGET', key, 's')
  if s and sub(s, 1, 8) == print then
    local sum, n, spilled, oldest = unpacked('<I6I4I4I5', s, 9)
    local count = (#b - 53) / 24
    local lease = (now - now % length) / length
    if n == 0 then oldest = lease end
    if spilled == 0 and n < kInline and oldest <= lease and lease - oldest <= kLeases
        and (n == 0 or not find(s, id, 28 + 17 * count, true)) then
      local more, expires = op == 'r' and amount or 0, false
      answer = '1'
      for w = 1, count do
        local ms, slots, most = unpacked('<ddd', b, 30 + 24 * w)
        local slot, used = unpacked('<I5I6', s, 11 + 17 * w)
        local here = (now - now % ms) / ms
        if slot ~= here then
          local stays = here - slots
          if slot > here then
            answer = false
            break
          end
          if slot < stays then used = 0 else
            local tail = call('HGET', key, 'S' .. w) or ''
            for at = 1, #tail, 11 do
              local e, c = unpacked('<I5I6', tail, at)
              if e >= stays then break end
              used = used - c
            end
          end
          if w == longest and here - slot > 1 then expires = true end
        end
        used = used + sum
        if used + amount > most then
          answer = false
          break
        end
        answer = answer .. pack('<dd', used + more, 0)
      end
      if answer and op == 'r' then
        call('HSET', key, 's', print .. pack('<I6I4I4I5', sum + amount, n + 1, 0, oldest) .. sub(s, 28) .. id
            .. pack('<I5I6', lease, amount))
        if expires then call('PEXPIRE', key, ttl) end
      end
    end
  end
  if answer then out[i] = answer else
    if not one then
)lua";

constexpr const char* kAskEnd = R"lua(
    end
    one(i)
  end
end
return #KEYS == 1 and out[1] or table.concat(out)
)lua";

// A hold that stands in `s`.
constexpr const char* kFastSettle = R"lua(
for i = 1, #KEYS do
  local key, b, done = KEYS[i], ARGV[2 * i], false
  local op, plain, print, id, length, amount, ttl, longest = unpacked('<c1xc1c8c10dddd', b)
  local s = plain == '1' and (op == 'c' or op == 'b') and call('HGET', key, 's')
  if s and sub(s, 1, 8) == print then
    local count = (#b - 53) / 24
    local holds = 28 + 17 * count
    local at = find(s, id, holds, true)
    local held = at and (at - holds) % 21 == 0 and unpacked('<I6', s, at + 15) or kGone
    if held ~= kGone then
      local tails, expires = nil, false
      local all = sub(s, 28, holds - 1)
      done = true
      if op == 'c' then
        all = ''
        for w = 1, count do
          local ms, slots = unpacked('<dd', b, 30 + 24 * w)
          local slot, used, cur = unpacked('<I5I6I6', s, 11 + 17 * w)
          local here = (now - now % ms) / ms
          if slot > here then
            done = false
            break
          end
          if slot < here then
            local stays, from, tail = here - slots, 1, call('HGET', key, 'S' .. w) or ''
            if cur > 0 then tail = tail .. pack('<I5I6', slot, cur) end
            while from <= #tail do
              local e, c = unpacked('<I5I6', tail, from)
              if e >= stays then break end
              used, from = used - c, from + 11
            end
            tails = tails or {}
            tails[#tails + 1] = 'S' .. w
            tails[#tails + 1] = sub(tail, from)
            cur = 0
            if used < 0 then used = 0 end
            if w == longest then expires = true end
          end
          all = all .. pack('<I5I6I6', here, min(used + held, 2e14), min(cur + held, 2e14))
        end
      end
      if done then
        local sum, n, spilled, oldest = unpacked('<I6I4I4I5', s, 9)
        s = print .. pack('<I6I4I4I5', max(sum - held, 0), max(n - 1, 0), spilled, oldest) .. all
            .. sub(s, holds, at - 1) .. sub(s, at + 21)
        if tails then call('HSET', key, 's', s, unpack(tails)) else call('HSET', key, 's', s) end
        if expires then call('PEXPIRE', key, ttl) end
      end
    end
  end
  if not done then
    if not one then
)lua";

constexpr const char* kSettleEnd = R"lua(
    end
    one(i)
  end
end
return 1
)lua";

}  // namespace

const store::redis::Script& ask() {
  static const store::redis::Script kScript(std::string(kHead) + kFastAsk + slow_ask() + kAskEnd);
  return kScript;
}

const store::redis::Script& settle() {
  static const store::redis::Script kScript(std::string(kHead) + kFastSettle + slow_settle() + kSettleEnd);
  return kScript;
}

}  // namespace postern::limits::redis_scripts
