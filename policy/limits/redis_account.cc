#include "policy/limits/redis_account.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <map>
#include <utility>

#include "policy/base/text.h"

namespace postern::limits {

namespace {

using store::redis::Command;
using store::redis::Reply;

constexpr std::int64_t kMostAmount = std::int64_t{1} << 50;  // numbers in scripts are doubles
constexpr std::chrono::minutes kSpare{90};  // local: over the longest window: leases, and two slots of a month

using Bytes = std::array<char, 16>;

Bytes hash_of(const SipKey& first, const SipKey& second, std::string_view text) {
  Bytes bytes;
  std::uint64_t words[2] = {sip_hash(first, text), sip_hash(second, text)};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(words[i / 8] >> 8 * (i % 8) & 0xff);
  return bytes;
}

// In the order of Unit; they stand in Redis, and in redis_scripts.cc.
constexpr std::string_view kUnits = "mrdfbcnu";

char letter(Unit unit) { return kUnits[static_cast<std::size_t>(unit)]; }

void append(std::string& text, std::int64_t value) {
  std::array<char, 24> digits;
  text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void append_word(std::string& to, std::uint64_t bits) {
  for (int shift = 0; shift < 64; shift += 8) to += static_cast<char>(bits >> shift & 0xff);
}

void append_double(std::string& to, std::int64_t number) {
  append_word(to, std::bit_cast<std::uint64_t>(static_cast<double>(number)));
}

/// The unsigned number in the first `size` bytes, which go; 0 where they are not there.
std::int64_t take_number(std::string_view& bytes, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size && i < bytes.size(); ++i)
    number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  bytes.remove_prefix(std::min(size, bytes.size()));
  return static_cast<std::int64_t>(number);
}

/// The number in the first 8 bytes, which go.
std::int64_t take_double(std::string_view& bytes) {
  const auto number = std::bit_cast<double>(static_cast<std::uint64_t>(take_number(bytes, 8)));
  return number > -1e15 && number < 1e15 ? static_cast<std::int64_t>(number) : 0;
}

std::chrono::milliseconds time_to_live(std::span<const Allowance> allow) {
  std::chrono::seconds longest{};
  for (const Allowance& one : allow) longest = std::max(longest, one.window);
  return longest + 2 * slot_of(longest) + kSpare;
}

std::int64_t slots_of(std::chrono::seconds window) {
  const std::chrono::milliseconds slot = slot_of(window);
  return (std::chrono::milliseconds(window) + slot - std::chrono::milliseconds(1)) / slot;
}

std::vector<Ledger::Account::Window> read_windows(std::string_view text) {
  std::vector<Ledger::Account::Window> windows;
  for (const std::string_view one : split(text, ',')) {
    const auto parts = split(one, ':');
    if (parts.size() < 2 || windows.size() == kMostWindows) break;
    Allowance allow{number_of(parts[0]), std::chrono::seconds(number_of(parts[1]))};
    if (parts.size() > 2) allow.burst = number_of(parts[2]);
    if (allow.window < std::chrono::seconds(1) || allow.window > kLongestWindow) break;
    windows.push_back({allow, 0});
  }
  return windows;
}

}  // namespace

RedisNames::RedisNames(std::string prefix) : prefix_(std::move(prefix)) {
  const SipKey base{0x706f737465726e21, 0x6c696d6974732121};  // any: that all machines share it is the point
  first_ = {sip_hash(base, prefix_, 1), sip_hash(base, prefix_, 2)};
  second_ = {sip_hash(base, prefix_, 3), sip_hash(base, prefix_, 4)};
}

std::string RedisNames::tag(std::string_view key) const {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string tag;
  unsigned rest = 0;
  int bits = 0;
  for (const char byte : hash_of(first_, second_, key)) {
    rest = rest << 8 | static_cast<unsigned char>(byte);
    for (bits += 8; bits >= 6; bits -= 6) tag += kLetters[rest >> (bits - 6) & 63];
  }
  return tag += kLetters[rest << (6 - bits) & 63];
}

std::string RedisNames::value(std::string_view value) const {
  const Bytes bytes = hash_of(first_, second_, value);
  return {bytes.data(), bytes.size()};
}

std::string RedisNames::account(std::string_view tag, std::string_view limit) const {
  std::string name;
  name.reserve(prefix_.size() + tag.size() + limit.size() + 5);
  return name.append(prefix_).append("l:{").append(tag).append("}:").append(limit);
}

std::string allow_text(std::span<const Allowance> allow) {
  std::string text;
  for (const Allowance& one : allow) {
    if (!text.empty()) text += ',';
    append(text, one.most);
    text += ':';
    append(text, one.window.count());
    if (!one.burst) continue;
    text += ':';
    append(text, *one.burst);
  }
  return text;
}

void append_demand(Command& command, const RedisNames& names, char op, const Demand& demand, std::string_view id,
                   std::chrono::milliseconds lease_slot) {
  const char unit = letter(demand.unit);
  const bool valued = counts_values(demand.unit);
  const std::string allow = allow_text(demand.allow);
  bool plain = !valued && !demand.allow.empty();
  std::size_t longest = 0;
  for (std::size_t i = 0; i < demand.allow.size(); ++i) {
    plain = plain && !demand.allow[i].burst;
    if (demand.allow[i].window > demand.allow[longest].window) longest = i;
  }
  std::string fixed;
  fixed.reserve(53 + 24 * kMostWindows);
  fixed.append({op, unit, plain ? '1' : '0'});
  append_word(fixed, names.print(allow, unit));
  fixed.append(id);
  append_double(fixed, lease_slot.count());
  append_double(fixed, valued ? 1 : std::clamp<std::int64_t>(demand.amount, 0, kMostAmount));
  append_double(fixed, time_to_live(demand.allow).count());
  append_double(fixed, static_cast<std::int64_t>(longest) + 1);
  for (const Allowance& one : demand.allow) {
    append_double(fixed, slot_of(one.window).count());
    append_double(fixed, slots_of(one.window));
    append_double(fixed, one.most);
  }
  std::string texts = valued && op != 'n' ? names.value(demand.value) : std::string();
  texts.append(allow).append(1, ' ').append(demand.key.substr(0, kMostKeyBytes));
  command.arg(fixed).arg(texts);
}

std::int64_t part_used(std::span<const std::int64_t> used, std::span<const std::int64_t> allow) {
  std::int64_t part = 0;
  for (std::size_t i = 0; i < used.size() && i < allow.size(); ++i) {
    const double of = allow[i] > 0 ? static_cast<double>(used[i]) / static_cast<double>(allow[i]) : used[i] > 0 ? 1 : 0;
    part = std::max(part, static_cast<std::int64_t>(std::min(of, 1000.0) * 1000));
  }
  return part;
}

std::int64_t number_of(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool take_answer(std::string_view& bytes, const Demand& demand, Answer& answer) {
  if (bytes.size() < answer_size(demand)) return false;
  const bool fits = bytes.front() == '1';
  bytes.remove_prefix(1);
  answer = {};
  std::int64_t longest = 0;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < demand.allow.size(); ++i) {
    answer.used[i] = take_double(bytes);
    answer.allow[i] = demand.allow[i].most;
    const std::int64_t said = take_double(bytes);
    const std::int64_t next = said < 0 ? Answer::kNever.count() : said;
    const std::int64_t left = answer.allow[i] - answer.used[i];
    if (next > longest || (longest == 0 && left < least)) answer.tightest = i;
    longest = std::max(longest, next);
    least = std::min(least, left);
  }
  if (fits) {
    const std::int64_t part = part_used(answer.used, std::span(answer.allow).first(demand.allow.size()));
    answer.kind = part >= std::int64_t{demand.near} * 10 ? Answer::Kind::near : Answer::Kind::ok;
  } else {
    answer.kind = Answer::Kind::over;
    answer.next = std::chrono::milliseconds(longest > 0 ? longest : 60'000);  // too many reservations are open
  }
  return true;
}

bool read_account(const Reply& fields, std::int64_t now_ms, Ledger::Account& account) {
  if (fields.type != Reply::Type::array || fields.elements.empty()) return false;
  std::map<std::string_view, std::string_view> all;
  for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2)
    all.emplace(fields.elements[i].text, fields.elements[i + 1].text);
  const auto field = [&](const std::string& name) {
    const auto found = all.find(name);
    return found != all.end() ? found->second : std::string_view();
  };
  if (field("k").empty()) return false;
  account.key = field("k");
  const std::size_t unit = field("u").empty() ? 0 : kUnits.find(field("u")[0]);
  account.unit = static_cast<Unit>(unit < kUnits.size() ? unit : 0);
  account.refused = number_of(field("r"));
  account.windows = read_windows(field("a"));
  constexpr std::size_t kHead = 27;
  constexpr std::size_t kWindow = 17;
  std::string_view state = field("s");
  if (state.size() < kHead + kWindow * account.windows.size()) return true;
  state.remove_prefix(8);
  account.reserved = take_number(state, 6);
  state.remove_prefix(kHead - 14);
  if (account.unit == Unit::distinct_recipients) return true;
  for (std::size_t i = 0; i < account.windows.size(); ++i) {
    auto& window = account.windows[i];
    window.used = account.reserved;
    const std::int64_t slot = take_number(state, 5);
    const std::int64_t sum = take_number(state, 6);
    state.remove_prefix(6);
    const std::int64_t stays = now_ms / slot_of(window.allow.window).count() - slots_of(window.allow.window);
    if (slot < stays) continue;
    window.used += sum;
    for (std::string_view before = field("S" + std::to_string(i + 1)); before.size() >= 11;) {
      const std::int64_t then = take_number(before, 5);
      const std::int64_t count = take_number(before, 6);
      if (then < stays) window.used -= count;
    }
  }
  return true;
}

}  // namespace postern::limits
