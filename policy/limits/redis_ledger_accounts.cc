// What operators ask of a RedisLedger.
#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "policy/limits/redis_ledger.h"

namespace postern::limits {

namespace {

using store::redis::Command;
using store::redis::Reply;

constexpr std::size_t kMostLimits = 1000;      // local
constexpr std::int64_t kMostIndexed = 10'000;  // local: of each limit
constexpr std::size_t kMostLookedAt = 1000;    // local: by top(), of each limit
constexpr std::int64_t kTrimEvery = 64;        // local
constexpr std::int64_t kNamesInOneScan = 1000;
constexpr int kMostScans = 100;

/// Names with a blank are those of behaviour, of which there is one a text: no limit of a configuration has one.
bool is_listed(std::string_view limit) { return limit.find(' ') == std::string_view::npos; }

}  // namespace

/// The names of limits are a set in Redis, so that accounts of a key can be found by it alone.
void RedisLedger::tell_limits(std::span<const Demand> demands) {
  const std::uint64_t generation = redis_.generation();
  std::vector<Command> commands;
  known_.with([&](Known& known) {
    if (known.generation != generation) known = {generation, {}};  // it may have forgotten them
    for (const Demand& demand : demands) {
      if (!is_listed(demand.limit) || known.limits.size() >= kMostLimits ||
          known.limits.find(demand.limit) != known.limits.end())
        continue;
      known.limits.emplace(demand.limit);
      commands.push_back(std::move(Command("SADD").key(names_.limits()).arg(demand.limit).repeatable()));
    }
  });
  if (!commands.empty()) redis_.tell(commands);
}

/// An account that has come over another tenth of what it may goes to the index with what it has used.
void RedisLedger::tell_index(std::span<const Demand> demands, const std::vector<std::string>& tags,
                             std::span<const Answer> answers, const std::vector<std::size_t>& missing) {
  std::vector<Command> commands;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    const Answer& answer = answers[i];
    const bool taken = answer.kind == Answer::Kind::ok || answer.kind == Answer::Kind::near;
    if (!taken || std::find(missing.begin(), missing.end(), i) != missing.end()) continue;
    const std::size_t windows = demands[i].allow.size();
    std::array<std::int64_t, kMostWindows> before = answer.used;
    for (std::int64_t& used : before) used -= demands[i].amount;
    const std::span<const std::int64_t> allow(answer.allow.data(), windows);
    const std::int64_t part = part_used(std::span(answer.used).first(windows), allow);
    if (part / 100 == part_used(std::span(before).first(windows), allow) / 100) continue;
    const std::string index = names_.index(demands[i].limit);
    commands.push_back(std::move(Command("ZADD").key(index).arg(part).arg(tags[i]).repeatable()));
    if (++indexed_ % kTrimEvery != 0) continue;
    commands.push_back(std::move(Command("ZREMRANGEBYRANK").key(index).arg(std::int64_t{0}).arg(-1 - kMostIndexed)));
  }
  if (!commands.empty()) redis_.tell(commands);
}

/// Those that are missing there although we told them were forgotten (FLUSHALL, eviction): they are told again.
std::vector<std::string> RedisLedger::limits(const Deadline& deadline, bool& available) {
  std::set<std::string, std::less<>> limits;
  std::string cursor = "0";
  available = true;
  for (int i = 0; i < kMostScans && limits.size() < kMostLimits; ++i) {
    const Command command =
        std::move(Command("SSCAN").key(names_.limits()).arg(cursor).arg("COUNT").arg(kNamesInOneScan));
    const std::vector<Reply> replies = redis_.ask({&command, 1}, deadline);
    available = replies[0].type == Reply::Type::array && replies[0].elements.size() == 2;
    if (!available) break;
    for (const Reply& name : replies[0].elements[1].elements) {
      if (is_listed(name.text) && limits.size() < kMostLimits) limits.insert(name.text);
    }
    cursor = replies[0].elements[0].text;
    if (cursor == "0") break;
  }
  std::vector<Command> forgotten;
  known_.with([&](const Known& known) {
    for (const std::string& name : known.limits) {
      if (limits.insert(name).second)
        forgotten.push_back(std::move(Command("SADD").key(names_.limits()).arg(name).repeatable()));
    }
  });
  if (available && !forgotten.empty()) redis_.tell(forgotten);
  return {limits.begin(), limits.end()};
}

/// Those accounts that there are, of tags and limits in pairs.
std::vector<Ledger::Account> RedisLedger::accounts(const std::vector<Place>& places, const Deadline& deadline,
                                                   bool& available) {
  std::vector<Command> commands{Command("TIME")};
  for (const Place& place : places)
    commands.push_back(std::move(Command("HGETALL").key(names_.account(place.tag, place.limit))));
  const std::vector<Reply> replies = redis_.ask(commands, deadline);
  const auto is_there = [](const Reply& reply) { return reply.type == Reply::Type::array; };
  available = std::all_of(replies.begin(), replies.end(), is_there) && replies[0].elements.size() == 2;
  std::vector<Account> found;
  std::vector<Command> counts;
  std::vector<std::pair<std::size_t, std::size_t>> counted;
  if (!available) return found;
  const std::int64_t now =
      number_of(replies[0].elements[0].text) * 1000 + number_of(replies[0].elements[1].text) / 1000;
  for (std::size_t i = 0; i < places.size(); ++i) {
    Account account;
    account.limit = places[i].limit;
    if (!read_account(replies[i + 1], now, account)) continue;
    for (std::size_t w = 0; account.unit == Unit::distinct_recipients && w < account.windows.size(); ++w) {
      const std::int64_t from = now - std::chrono::milliseconds(account.windows[w].allow.window).count();
      counts.push_back(std::move(Command("ZCOUNT")
                                     .key(names_.account(places[i].tag, places[i].limit) + ":v")
                                     .arg("(" + std::to_string(from))
                                     .arg("+inf")));
      counted.emplace_back(found.size(), w);
    }
    found.push_back(std::move(account));
  }
  const std::vector<Reply> sums = redis_.ask(counts, deadline);
  for (std::size_t i = 0; i < sums.size(); ++i)
    found[counted[i].first].windows[counted[i].second].used = sums[i].integer;
  return found;
}

std::vector<Ledger::Account> RedisLedger::show(std::string_view key, const Deadline& deadline) {
  pay({}, deadline);
  bool available = false;
  std::vector<Place> places;
  for (std::string& limit : limits(deadline, available)) places.push_back({names_.tag(key), std::move(limit)});
  std::vector<Account> found;
  if (available) found = accounts(places, deadline, available);
  if (!available) return local_.show(key, deadline);
  const std::string first_part = std::string(key) + '\t';
  for (Account& account : top({}, kMostLookedAt, deadline)) {
    if (account.key.starts_with(first_part)) found.push_back(std::move(account));
  }
  return found;
}

std::vector<Ledger::Account> RedisLedger::top(std::string_view limit, std::size_t most, const Deadline& deadline) {
  pay({}, deadline);
  bool available = true;
  std::vector<std::string> names =
      limit.empty() ? limits(deadline, available) : std::vector<std::string>{std::string(limit)};
  if (limit.empty()) std::erase_if(names, [](const std::string& name) { return name.starts_with(kBehaviourPrefix); });
  const std::size_t looked_at = std::min(kMostLookedAt, 4 * most + 16);  // some of them have less by now
  std::vector<Command> commands;
  for (const std::string& name : names)
    commands.push_back(
        std::move(Command("ZREVRANGE").key(names_.index(name)).arg(0).arg(static_cast<std::int64_t>(looked_at) - 1)));
  const std::vector<Reply> replies = redis_.ask(commands, deadline);
  std::vector<Place> places;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    available = available && replies[i].type == Reply::Type::array;
    for (const Reply& tag : replies[i].elements) places.push_back({tag.text, names[i]});
  }
  std::vector<Account> found;
  if (available) found = accounts(places, deadline, available);
  if (!available) return local_.top(limit, most, deadline);
  const auto part = [](const Account& account) {
    std::int64_t largest = 0;
    for (const Account::Window& window : account.windows)
      largest = std::max(largest, part_used({&window.used, 1}, {&window.allow.most, 1}));
    return largest;
  };
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  std::map<std::pair<std::string, std::string>, std::int64_t> parts;  // of limit and tag
  for (const Place& place : places) parts[{place.limit, place.tag}] = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    order.emplace_back(-part(found[i]), i);
    parts[{found[i].limit, names_.tag(found[i].key)}] = -order.back().first;
  }
  std::vector<Command> fresh;
  for (const auto& [place, used] : parts) {
    const std::string index = names_.index(place.first);
    fresh.push_back(std::move(used == 0 ? Command("ZREM").key(index).arg(place.second)
                                        : Command("ZADD").key(index).arg(used).arg(place.second)));
  }
  redis_.tell(fresh);
  std::sort(order.begin(), order.end());
  std::vector<Account> top;
  for (std::size_t i = 0; i < std::min(most, order.size()); ++i) top.push_back(std::move(found[order[i].second]));
  return top;
}

std::size_t RedisLedger::reset(std::string_view limit, std::string_view key, const Deadline& deadline) {
  owed_.forget(limit, key);
  local_.reset(limit, key, deadline);
  bool available = true;
  const std::vector<std::string> names =
      limit.empty() ? limits(deadline, available) : std::vector<std::string>{std::string(limit)};
  std::vector<Command> commands;
  for (const std::string& name : names) {
    const std::string account = names_.account(names_.tag(key), name);
    commands.push_back(std::move(Command("DEL").key(account)));
    commands.push_back(std::move(Command("DEL").key(account + ":v")));
    commands.push_back(std::move(Command("ZREM").key(names_.index(name)).arg(names_.tag(key))));
  }
  const std::vector<Reply> replies = redis_.ask(commands, deadline);
  std::size_t there = 0;
  for (std::size_t i = 0; i < replies.size(); i += 3) {
    available = available && replies[i].type == Reply::Type::integer;
    there += replies[i].integer > 0 ? 1 : 0;
  }
  return available ? there : 0;  // what stands in Redis comes back with it
}

}  // namespace postern::limits
