#include "policy/limits/redis_ledger.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "policy/limits/redis_scripts.h"

namespace postern::limits {

namespace {

using store::redis::Command;
using store::redis::Reply;

constexpr std::size_t kInOneScript = 64;  // local: so that others are served between

/// The name of a hold within its account.
std::string hold_name(std::uint64_t id, std::size_t demand) {
  std::string name;
  for (int i = 0; i < 8; ++i) name += static_cast<char>(id >> 8 * i & 0xff);
  for (int i = 0; i < 2; ++i) name += static_cast<char>(demand >> 8 * i & 0xff);
  return name;
}

std::vector<std::string> no_holds(std::size_t count) { return std::vector<std::string>(count, hold_name(0, 0)); }

Demand demand_of(const Hold& hold) {
  return {.limit = hold.limit,
          .key = hold.key,
          .unit = hold.unit,
          .allow = hold.allow,
          .amount = hold.amount,
          .value = hold.value};
}

Hold hold_of(const Demand& demand, std::uint64_t id, std::size_t place) {
  return {.id = id,
          .demand = place,
          .limit = std::string(demand.limit),
          .key = std::string(demand.key),
          .unit = demand.unit,
          .allow = demand.allow,
          .amount = demand.amount,
          .cost = demand.amount,
          .value = std::string(demand.value)};
}

/// Holds in this machine's share, and those in Redis.
struct Parted {
  explicit Parted(std::span<const Hold> holds) {
    const auto is_local = [](const Hold& hold) { return hold.local; };
    if (std::none_of(holds.begin(), holds.end(), is_local)) {  // as nearly always
      shared = holds;
      return;
    }
    for (const Hold& hold : holds) (hold.local ? of_share : others).push_back(hold);
    local = of_share;
    shared = others;
  }
  Parted(const Parted&) = delete;
  Parted& operator=(const Parted&) = delete;

  std::span<const Hold> local, shared;
  std::vector<Hold> of_share, others;
};

std::uint64_t random_start() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

bool was_taken(const Answer& answer) { return answer.kind == Answer::Kind::ok || answer.kind == Answer::Kind::near; }

}  // namespace

RedisLedger::RedisLedger(const Options& options, store::redis::Connection& redis, Ledger& local, Counters& counters)
    : options_(options),
      redis_(redis),
      local_(local),
      names_(redis.options().prefix),
      nodes_(redis.options().nodes),
      unavailable_(counters.get("limits.redis.unavailable")),
      odd_(counters.get("limits.redis.odd_answers")),
      owed_(counters),
      next_id_(random_start()) {}

RedisLedger::~RedisLedger() {
  const auto tell = [&](const std::vector<RedisOwed::Charge>& charges) {
    std::vector<Demand> demands;
    for (const RedisOwed::Charge& charge : charges) demands.push_back(charge.demand());
    const std::vector<std::string> tags = tags_of(demands);
    redis_.tell(commands_of('o', demands, tags, groups_of(tags), no_holds(demands.size())));
    return true;
  };
  while (redis_.is_up() && owed_.take({}, tell)) {
  }
}

std::vector<RedisLedger::Group> RedisLedger::groups_of(const std::vector<std::string>& tags) const {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const bool apart = redis_.options().cluster;
    const auto same = [&](const Group& g) { return g.size() < kInOneScript && (!apart || tags[g.front()] == tags[i]); };
    const auto found = std::find_if(groups.begin(), groups.end(), same);
    if (found == groups.end())
      groups.push_back({i});
    else
      found->push_back(i);
  }
  return groups;
}

std::vector<std::string> RedisLedger::tags_of(std::span<const Demand> demands) const {
  std::vector<std::string> tags;
  tags.reserve(demands.size());
  for (const Demand& demand : demands) tags.push_back(names_.tag(demand.key));
  return tags;
}

/// One script a group. `holds` are the names of holds, a place each.
std::vector<Command> RedisLedger::commands_of(char op, std::span<const Demand> demands,
                                              const std::vector<std::string>& tags, const std::vector<Group>& groups,
                                              const std::vector<std::string>& holds) const {
  const bool asks = op == 'r' || op == 'l';
  std::vector<Command> commands;
  commands.reserve(groups.size());
  for (const Group& group : groups) {
    Command& command = commands.emplace_back(asks ? redis_scripts::ask() : redis_scripts::settle());
    std::size_t answer = 0;
    for (const std::size_t i : group) {
      command.key(names_.account(tags[i], demands[i].limit));
      append_demand(command, names_, op, demands[i], holds[i], options_.lease_slot);
      answer += answer_size(demands[i]);
    }
    if (asks) command.answers(answer);
    if (op == 'c' || op == 'b' || op == 'u') command.repeatable();
  }
  return commands;
}

std::vector<std::size_t> RedisLedger::ask(char op, std::span<const Demand> demands, std::span<Answer> answers,
                                          std::uint64_t id, const Deadline& deadline) {
  const std::vector<std::string> tags = tags_of(demands);
  const std::vector<Group> groups = groups_of(tags);
  std::vector<std::string> holds;
  for (std::size_t i = 0; i < demands.size(); ++i) holds.push_back(hold_name(id, i));
  const std::vector<Reply> replies = redis_.ask(commands_of(op, demands, tags, groups, holds), deadline);
  std::vector<std::size_t> missing;
  std::vector<Group> in_doubt;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    std::string_view left = replies[g].text;
    bool sound = replies[g].type == Reply::Type::text;
    for (const std::size_t i : groups[g]) sound = sound && take_answer(left, demands[i], answers[i]);
    sound = sound && left.empty();
    if (sound) continue;
    if (replies[g].available()) odd_.add();
    missing.insert(missing.end(), groups[g].begin(), groups[g].end());
    if (replies[g].available() || replies[g].perhaps_done) in_doubt.push_back(groups[g]);
  }
  unavailable_.add(static_cast<std::int64_t>(missing.size()));
  if (op == 'r' && !in_doubt.empty() && !options_.test_no_tombstone)
    redis_.tell(commands_of('u', demands, tags, in_doubt, holds));
  if (op == 'r') tell_index(demands, tags, answers, missing);
  return missing;
}

Demand RedisLedger::share_of(const Demand& demand, std::vector<Allowance>& room) const {
  const auto share = [&](std::int64_t of) { return of < 1 ? of : std::max<std::int64_t>(1, of / nodes_); };
  room.assign(demand.allow.begin(), demand.allow.end());
  for (Allowance& allow : room) {
    allow.most = share(allow.most);
    if (allow.burst) allow.burst = share(*allow.burst);
  }
  Demand shared = demand;
  shared.allow = room;
  return shared;
}

void RedisLedger::ask_local(std::span<const Demand> demands, const std::vector<std::size_t>& places,
                            std::span<Answer> answers, std::vector<Hold>* holds, const Deadline& deadline) {
  std::vector<std::size_t> mine;
  for (const std::size_t i : places) {
    answers[i] = {};
    if (demands[i].fallback == Fallback::local) mine.push_back(i);
  }
  if (mine.empty()) return;
  std::vector<std::vector<Allowance>> rooms(mine.size());
  std::vector<Demand> shared;
  for (std::size_t i = 0; i < mine.size(); ++i) shared.push_back(share_of(demands[mine[i]], rooms[i]));
  std::vector<Answer> found(mine.size());
  const std::size_t before = holds != nullptr ? holds->size() : 0;
  if (holds != nullptr)
    local_.reserve(shared, found, *holds, deadline);
  else
    local_.look(shared, found, deadline);
  for (std::size_t i = 0; i < mine.size(); ++i) {
    answers[mine[i]] = found[i];
    answers[mine[i]].local = true;
  }
  for (std::size_t i = before; holds != nullptr && i < holds->size(); ++i) {
    Hold& hold = (*holds)[i];
    hold.local = true;
    hold.demand = mine[hold.demand];
  }
}

/// A connection that has come between the two has answered without what is owed: then once more.
std::vector<std::size_t> RedisLedger::pay_and_ask(char op, std::span<const Demand> demands, std::span<Answer> answers,
                                                  std::vector<Hold>& taken, const Deadline& deadline) {
  for (bool again = false;; again = true) {
    const std::uint64_t generation = redis_.generation();
    pay(demands, deadline);
    const std::uint64_t id = op == 'r' ? next_id_.fetch_add(0x9e3779b97f4a7c15) : 0;  // all of 2^64, each once
    std::vector<std::size_t> missing = ask(op, demands, answers, id, deadline);
    for (std::size_t i = 0; op == 'r' && i < demands.size(); ++i) {
      const bool answered = std::find(missing.begin(), missing.end(), i) == missing.end();
      if (answered && was_taken(answers[i])) taken.push_back(hold_of(demands[i], id, i));
    }
    if (again || redis_.generation() == generation) return missing;
    settle('b', taken);
    taken.clear();
  }
}

void RedisLedger::reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
                          const Deadline& deadline) {
  if (demands.empty()) return;
  tell_limits(demands);
  std::vector<Hold> taken;
  const std::vector<std::size_t> missing = pay_and_ask('r', demands, answers, taken, deadline);
  std::move(taken.begin(), taken.end(), std::back_inserter(holds));
  ask_local(demands, missing, answers, &holds, deadline);
}

void RedisLedger::look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline& deadline) {
  if (demands.empty()) return;
  std::vector<Hold> none;
  const std::vector<std::size_t> missing = pay_and_ask('l', demands, answers, none, deadline);
  ask_local(demands, missing, answers, nullptr, deadline);
}

void RedisLedger::settle(char op, std::span<const Hold> holds) {
  std::vector<Demand> demands;
  std::vector<std::string> names;
  demands.reserve(holds.size());
  names.reserve(holds.size());
  for (const Hold& hold : holds) {
    demands.push_back(demand_of(hold));
    names.push_back(hold_name(hold.id, hold.demand));
  }
  const std::vector<std::string> tags = tags_of(demands);
  redis_.tell(commands_of(op, demands, tags, groups_of(tags), names));
}

void RedisLedger::commit(std::span<const Hold> holds) {
  const Parted parted(holds);
  if (!parted.local.empty()) local_.commit(parted.local);
  for (const Hold& hold : parted.local) {
    RedisOwed::Charge charge{hold.limit,  hold.key,  hold.unit, {hold.allow.begin(), hold.allow.end()},
                             hold.amount, hold.value};
    for (Allowance& allow : charge.allow) allow.most = std::min(allow.most * nodes_, kMostAllowed);
    owed_.add(std::move(charge));
  }
  if (parted.shared.empty()) return;
  settle('c', parted.shared);
  if (options_.test_no_shadow) return;
  std::vector<std::vector<Allowance>> rooms(parted.shared.size());
  std::vector<Demand> demands;
  demands.reserve(rooms.size());
  for (std::size_t i = 0; i < rooms.size(); ++i) demands.push_back(share_of(demand_of(parted.shared[i]), rooms[i]));
  local_.charge(demands);
}

void RedisLedger::release(std::span<const Hold> holds) {
  const Parted parted(holds);
  if (!parted.local.empty()) local_.release(parted.local);
  if (!parted.shared.empty()) settle('b', parted.shared);
}

void RedisLedger::charge(std::span<const Demand> demands) {
  if (demands.empty()) return;
  std::vector<std::vector<Allowance>> rooms(demands.size());
  std::vector<Demand> shared;
  for (std::size_t i = 0; i < demands.size(); ++i) shared.push_back(share_of(demands[i], rooms[i]));
  local_.charge(shared);
  if (redis_.is_up()) {
    tell_limits(demands);
    const std::vector<std::string> tags = tags_of(demands);
    return redis_.tell(commands_of('x', demands, tags, groups_of(tags), no_holds(demands.size())));
  }
  for (const Demand& demand : demands) {
    owed_.add({std::string(demand.limit),
               std::string(demand.key),
               demand.unit,
               {demand.allow.begin(), demand.allow.end()},
               demand.amount,
               std::string(demand.value)});
  }
}

void RedisLedger::note_refused(std::string_view limit, std::string_view key) {
  local_.note_refused(limit, key);
  if (!redis_.is_up()) return;
  const Demand demand{.limit = limit, .key = key, .allow = {}, .amount = 0};
  redis_.tell(commands_of('n', {&demand, 1}, {names_.tag(key)}, {Group{0}}, no_holds(1)));
}

/// Charges what is owed of the accounts of these demands before they are asked about. What has no answer is owed still:
/// counted twice rather than never.
void RedisLedger::pay(std::span<const Demand> due, const Deadline& deadline) {
  if (!redis_.is_up()) return;
  std::vector<RedisOwed::Charge> charges;
  std::vector<Group> groups;
  const auto asked = owed_.take(due, [&](std::vector<RedisOwed::Charge> all) {
    charges = std::move(all);
    std::vector<Demand> demands;
    for (const RedisOwed::Charge& charge : charges) demands.push_back(charge.demand());
    tell_limits(demands);
    const std::vector<std::string> tags = tags_of(demands);
    groups = groups_of(tags);
    return redis_.begin(commands_of('o', demands, tags, groups, no_holds(demands.size())));
  });
  if (!asked) return;
  const std::vector<Reply> replies = redis_.await(*asked, deadline);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (replies[g].type == Reply::Type::integer) continue;
    if (replies[g].available()) {  // refused for what it is: again it would be
      odd_.add();
      continue;
    }
    for (const std::size_t i : groups[g]) owed_.add(std::move(charges[i]));
  }
}

}  // namespace postern::limits
