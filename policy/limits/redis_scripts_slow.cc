#include "policy/limits/redis_scripts_slow.h"

namespace postern::limits::redis_scripts {

namespace {

constexpr const char* kCommon = R"lua(
local fmt, match, concat = string.format, string.match, table.concat
local kHolds, kValues, kKnown = 10000, 10000, 5184000000

local function windows(text)
  local all = {}
  for one in string.gmatch(text, '[^,]+') do
    local most, secs, burst = match(one, '^(%d+):(%d+):?(%d*)$')
    secs = tonumber(secs)
    local slots = secs <= 3600 and 60 or secs <= 604800 and 96 or 120
    local ms = floor((secs * 1000 + slots - 1) / slots)
    all[#all + 1] = {secs = secs, ms = ms, n = floor((secs * 1000 + ms - 1) / ms), most = tonumber(most),
                     burst = tonumber(burst) or -1, slot = 0, sum = 0, cur = 0, tail = ''}
  end
  return all
end

local function demand(i)
  local b, text = ARGV[2 * i], ARGV[2 * i + 1]
  local op, unit, plain, print, id, length, amount, ttl = unpacked('<c1c1c1c8c10ddd', b)
  local value = (unit == 'd' or unit == 'f') and op ~= 'n' and sub(text, 1, 16) or ''
  local space = find(text, ' ', #value + 1, true)
  local allow = sub(text, #value + 1, space - 1)
  local x = windows(allow)
  x.op, x.unit, x.print, x.id, x.amount, x.ttl, x.length = op, unit, print, id, amount, ttl, length
  x.value, x.allow, x.key, x.lease = value, allow, sub(text, space + 1), floor(now / length)
  return x
end

local function over(x, slot)
  return x.lease - slot > kLeases or slot - x.lease > kLeases + 1
end

local function encode(st, x)
  local all = {st.print, pack('<I6I4I4I5', max(st.sum, 0), max(st.n, 0), max(st.spilled, 0), st.oldest)}
  for i = 1, #x do all[2 + i] = pack('<I5I6I6', x[i].slot, x[i].sum, x[i].cur) end
  return concat(all) .. st.holds
end

-- One hold less on a value: when it was the last its score is what it was, or now.
local function unhold(key, value, committed)
  local z = key .. ':v'
  local n, score = match(call('HGET', key, 'v' .. value) or '0 0', '^(%d+) (%d+)$')
  n, score = n - 1, committed or tonumber(score)
  if n > 0 then
    call('HSET', key, 'v' .. value, n .. ' ' .. fmt('%.0f', score))
    return
  end
  call('HDEL', key, 'v' .. value)
  if score > 0 then call('ZADD', z, score, value) else call('ZREM', z, value) end
end

-- Forgets the holds whose lease is over; `there` are the windows as they stand.
local function sweep(key, x, st, there)
  local kept, spilled = {}, st.spilled > 0 and call('HGETALL', key) or {}
  local holds = st.holds
  st.sum, st.n, st.spilled, st.oldest = 0, 0, 0, x.lease
  local function keep(slot, amount)
    st.sum, st.n, st.oldest = st.sum + amount, st.n + 1, min(st.oldest, slot)
  end
  for at = 1, #holds, 21 do
    local slot, amount = unpacked('<I5I6', holds, at + 10)
    if not over(x, slot) then
      keep(slot, amount == kGone and 0 or amount)
      kept[#kept + 1] = sub(holds, at, at + 20)
    end
  end
  for n = 1, #spilled, 2 do
    if string.byte(spilled[n]) == 104 then
      local slot, amount = unpacked('<I5I6', spilled[n + 1])
      local value = sub(spilled[n + 1], 12)
      if over(x, slot) then
        call('HDEL', key, spilled[n])
        if #value == 16 and call('HGET', key, 'v' .. value) then unhold(key, value) end
      else
        keep(slot, amount)
        st.spilled = st.spilled + 1
      end
    end
  end
  st.holds = concat(kept)
  call('HSET', key, 's', encode(st, there))
end

-- What is there: of x its windows, and its hold. Where `before` is given the windows that stay are found at their old places,
-- others begin; store() writes them where they belong from then on.
local function load(key, x, sweeps, before)
  local there = before and windows(before) or x
  local n, names = #there, {'s', 'a'}
  for i = 1, n do names[2 + i], names[2 + n + i] = 'S' .. i, 'G' .. i end
  local f = call('HMGET', key, unpack(names))
  local s = f[1]
  local st = {allow = f[2], print = x.print, sum = 0, n = 0, spilled = 0, oldest = x.lease, holds = ''}
  if s then
    st.print = sub(s, 1, 8)
    st.sum, st.n, st.spilled, st.oldest = unpacked('<I6I4I4I5', s, 9)
    st.holds = sub(s, 28 + 17 * n)
  end
  for i = 1, n do
    local win = there[i]
    if s then win.slot, win.sum, win.cur = unpacked('<I5I6I6', s, 11 + 17 * i) end
    win.tail, win.tat = f[2 + i] or '', win.burst >= 0 and f[2 + n + i]
  end
  if st.n == 0 then st.oldest = x.lease elseif sweeps and over(x, st.oldest) then sweep(key, x, st, there) end
  if before then
    st.places = n
    for i = 1, n do
      local old = there[i]
      for j = 1, #x do
        local win = x[j]
        if win.secs == old.secs then
          win.slot, win.sum, win.cur, win.tail, win.tat = old.slot, old.sum, old.cur, old.tail, win.burst >= 0 and old.tat
        end
      end
    end
  end
  for at = 1, #st.holds, 21 do
    if sub(st.holds, at, at + 9) == x.id then st.at = at end
  end
  if st.at then
    st.held = unpacked('<I6', st.holds, st.at + 15)
    st.gone = st.held == kGone
  elseif st.spilled > 0 then
    local hold = call('HGET', key, 'h' .. x.id)
    if hold then
      st.held = unpacked('<I6', hold, 6)
      st.gone = #hold == 12
    end
  end
  return st
end

-- Lets go what has left a window.
local function roll(win)
  local slot, s, tail = floor(now / win.ms), win.slot, win.tail
  if s == slot then return end
  win.moved, win.slot = true, slot
  if s > slot then  -- the clock was set back: as if all had been so much earlier
    local moved = {}
    for at = 1, #tail, 11 do
      local e, c = unpacked('<I5I6', tail, at)
      moved[#moved + 1] = pack('<I5I6', max(e - s + slot, 0), c)
    end
    win.tail, win.tail_moved = concat(moved), true
    return
  end
  if win.cur > 0 then tail = tail .. pack('<I5I6', s, win.cur) end
  local sum, at, stays = win.sum, 1, slot - win.n
  while at <= #tail do
    local e, c = unpacked('<I5I6', tail, at)
    if e >= stays then break end
    sum = sum - c
    at = at + 11
  end
  if at > 1 then tail = sub(tail, at) end
  win.tail_moved = tail ~= win.tail
  win.tail, win.sum, win.cur = tail, max(sum, 0), 0
end

local function advance(win, amount)
  if win.most <= 0 then return us end
  local tat = max(tonumber(win.tat or us), us) + amount * win.secs * 1000000 / win.most
  return math.ceil(min(tat, us + win.secs * 1000000))
end

local function set_burst(win, tat)
  win.tat, win.tat_moved = fmt('%.0f', tat), true
end

-- This and what follows adds to w, the pairs of one HSET.
local function put_hold(x, st, amount, gone, w)
  st.n = st.n + 1
  if x.value == '' and #st.holds < 21 * kInline then
    st.holds = st.holds .. x.id .. pack('<I5I6', x.lease, gone and kGone or amount)
    return
  end
  st.spilled = st.spilled + 1
  local n = #w
  w[n + 1], w[n + 2] = 'h' .. x.id, pack('<I5I6', x.lease, amount) .. (gone and '-' or x.value)
end

local function drop_hold(key, x, st)
  st.sum, st.n = st.sum - st.held, st.n - 1
  if st.at then
    st.holds = sub(st.holds, 1, st.at - 1) .. sub(st.holds, st.at + 21)
    return
  end
  st.spilled = st.spilled - 1
  call('HDEL', key, 'h' .. x.id)
end

local function is_known(score)
  return score and score + kKnown > now
end

local function describe(x, w)
  local n = #w
  w[n + 1], w[n + 2], w[n + 3], w[n + 4], w[n + 5], w[n + 6] = 'a', x.allow, 'k', x.key, 'u', x.unit
end

local function store(key, x, st, w, expires)
  if st.places then
    local gone = {}
    for i = 1, st.places do gone[2 * i - 1], gone[2 * i] = 'S' .. i, 'G' .. i end
    call('HDEL', key, unpack(gone))
  end
  local n = #w
  w[n + 1], w[n + 2] = 's', encode(st, x)
  for i = 1, #x do
    local win = x[i]
    n = #w
    if win.tail_moved or st.places then w[n + 1], w[n + 2] = 'S' .. i, win.tail end
    n = #w
    if win.tat_moved or st.places and win.tat then w[n + 1], w[n + 2] = 'G' .. i, win.tat end
  end
  call('HSET', key, unpack(w))
  if not expires then return end
  call('PEXPIRE', key, x.ttl)
  if x.unit == 'd' then call('PEXPIRE', key .. ':v', x.ttl) end
  if x.unit == 'f' then call('PEXPIRE', key .. ':v', kKnown) end
end
)lua";

constexpr const char* kAsk = R"lua(
-- When what is committed has made room for `need`; nothing where it has not so much.
local function frees(key, x, win, need)
  if x.unit == 'd' then
    local cut = now - win.secs * 1000
    local at = call('ZRANGEBYSCORE', key .. ':v', '(' .. fmt('%.0f', cut), fmt('%.0f', now), 'WITHSCORES', 'LIMIT', need - 1, 1)
    return at[2] and max(tonumber(at[2]) - cut, 1)
  end
  for at = 1, #win.tail, 11 do
    local e, c = unpacked('<I5I6', win.tail, at)
    need = need - c
    if need <= 0 then return (e + win.n + 1) * win.ms - now end
  end
  if need <= win.cur then return (win.slot + win.n + 1) * win.ms - now end
end

-- As the ledger in memory has it: what is reserved alone may be given back any moment.
local function fits_when(key, x, i, new)
  local win = x[i]
  local committed = win.sum
  if x.unit == 'd' then
    committed = call('ZCOUNT', key .. ':v', '(' .. fmt('%.0f', now - win.secs * 1000), fmt('%.0f', now))
  end
  if committed + new <= win.most then return win.ms end
  return frees(key, x, win, committed + new - win.most) or win.ms
end

one = function(i)
  local key, x = KEYS[i], demand(i)
  local taking = x.op == 'r'
  local before = call('HGET', key, 'a')
  local changed = before ~= x.allow
  local st = load(key, x, true, changed and before)
  local w, z = {}, key .. ':v'
  local score = x.value ~= '' and tonumber(call('ZSCORE', z, x.value) or nil)
  local amount = x.amount
  if x.unit == 'f' then amount = is_known(score) and 0 or 1 end
  local again, fits, moved, held = st.held, true, false, x.unit == 'd' and 0 or amount
  if again then fits = not st.gone end
  local used, next = {}, {}
  for j = 1, #x do
    local win = x[j]
    local new = amount
    next[j] = 0
    if x.unit == 'd' then
      local cut = now - win.secs * 1000
      if score and score > cut then new = 0 end
      held = max(held, new)
      used[j] = call('ZCOUNT', z, '(' .. fmt('%.0f', cut), '+inf')
    else
      roll(win)
      moved = moved or win.moved
      used[j] = win.sum + st.sum
    end
    if again then new = 0 end
    win.new = new
    if new > win.most then next[j] = -1
    elseif new > 0 and used[j] + new > win.most then next[j] = fits_when(key, x, j, new) end
    if win.burst >= 0 and new > 0 and next[j] >= 0 then
      if new > win.burst then next[j] = -1 else
        local ahead = min(max(tonumber(win.tat or us), us) - us, win.secs * 1000000)
        local late = ahead + (new - win.burst) * win.secs * 1000000 / win.most
        if late > 0 then next[j] = max(next[j], math.ceil(late / 1000)) end
      end
    end
    if next[j] ~= 0 then fits = false end
  end
  if st.n >= kHolds and not again then fits = false end
  local takes = taking and fits and not again
  if takes then
    for j = 1, #x do
      local win = x[j]
      used[j] = used[j] + win.new
      if win.burst >= 0 and win.new > 0 then set_burst(win, advance(win, win.new)) end
    end
    if x.unit == 'd' then
      local n, first = match(call('HGET', key, 'v' .. x.value) or '', '^(%d+) (%d+)$')
      w[#w + 1] = 'v' .. x.value
      w[#w + 1] = (n or 0) + 1 .. ' ' .. (first or fmt('%.0f', score or 0))
      call('ZADD', z, now + x.length * (kLeases + 1), x.value)
    end
    if st.n == 0 then st.oldest = x.lease end
    put_hold(x, st, held, false, w)
    st.sum = st.sum + held
  end
  if taking and (fits or before) and (takes or changed or moved) then
    if changed or st.print ~= x.print then
      describe(x, w)
      st.print = x.print
    end
    store(key, x, st, w, moved or changed or x.unit == 'd')
  end
  local answer = fits and '1' or '0'
  for j = 1, #x do answer = answer .. pack('<dd', used[j], next[j]) end
  out[i] = answer
end
)lua";

constexpr const char* kSettle = R"lua(
local function count(key, x, amount, from_hold)
  local z, moved = key .. ':v', x.value ~= ''
  if x.unit == 'f' then
    if is_known(tonumber(call('ZSCORE', z, x.value) or nil)) then amount = 0 elseif not from_hold then amount = 1 end
    call('ZADD', z, now, x.value)
    call('ZREMRANGEBYSCORE', z, '-inf', fmt('%.0f', now - kKnown))
    call('ZREMRANGEBYRANK', z, 0, -1 - kValues)
  end
  local longest = 0
  for i = 1, #x do
    local win = x[i]
    longest = max(longest, win.secs * 1000)
    if x.unit ~= 'd' then
      roll(win)
      moved = moved or win.moved
      win.sum, win.cur = min(win.sum + amount, 2e14), min(win.cur + amount, 2e14)
    end
    if win.burst >= 0 and not from_hold and amount > 0 then set_burst(win, advance(win, amount)) end
  end
  if x.unit == 'd' then
    if not from_hold then
      local held = call('HGET', key, 'v' .. x.value)
      if held then
        call('HSET', key, 'v' .. x.value, match(held, '^%d+ ') .. fmt('%.0f', now))
      elseif call('ZSCORE', z, x.value) or call('ZCARD', z) < 2 * kValues then
        call('ZADD', z, now, x.value)
      end
    end
    call('ZREMRANGEBYSCORE', z, '-inf', fmt('%.0f', now - longest))
  end
  return moved
end

one = function(i)
  local key, x = KEYS[i], demand(i)
  local op = x.op
  if op == 'n' then
    if call('HINCRBY', key, 'r', 1) == 1 and call('PTTL', key) < 0 then
      call('HSET', key, 'k', x.key)
      call('PEXPIRE', key, x.ttl)
    end
    return
  end
  local before = call('HGET', key, 'a')
  local moves = op == 'x' and before and before ~= x.allow
  if before and before ~= x.allow and not moves then
    local now_there = windows(before)
    for j = 1, max(#x, #now_there) do x[j] = now_there[j] end
  end
  local st = load(key, x, op == 'u', moves and before)
  local w, moved = {}, not before or moves
  if st.held and op ~= 'x' and op ~= 'o' then
    if st.gone then return end
    local amount = st.held
    drop_hold(key, x, st)
    if x.unit == 'd' then unhold(key, x.value, op == 'c' and now or nil) end
    if op == 'c' then moved = count(key, x, amount, true)
    else
      for j = 1, #x do
        local win = x[j]
        if win.tat and win.most > 0 then
          set_burst(win, max(win.tat - floor(amount * win.secs * 1000000 / win.most), 0))
        end
      end
    end
  elseif op == 'u' then
    if st.n >= kHolds then return end
    if st.n == 0 then st.oldest = x.lease end
    put_hold(x, st, 0, true, w)
  elseif op == 'x' or op == 'o' or (op == 'c' and ARGV[1] == '0') then
    moved = count(key, x, x.amount, false) or moved
  else
    return
  end
  if not before or moves then
    describe(x, w)
    st.print = x.print
  end
  store(key, x, st, w, moved)
end
)lua";

}  // namespace

std::string slow_ask() { return std::string(kCommon) + kAsk; }

std::string slow_settle() { return std::string(kCommon) + kSettle; }

}  // namespace postern::limits::redis_scripts
