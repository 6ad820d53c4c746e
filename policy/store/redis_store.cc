#include "policy/store/redis_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "policy/store/counting.h"

namespace postern::store {

namespace {

using redis::Command;
using redis::Reply;
using std::chrono::milliseconds;

constexpr std::size_t kMostScanned = 20'000;  // local: names of one list()
constexpr std::size_t kMostScans = 5000;
constexpr std::int64_t kScanCount = 1000;
constexpr std::size_t kInOneAsk = 500;
constexpr std::chrono::seconds kLongestWait{3};  // local

// INCRBY refuses what is no number, and what would go over the ends: then 0 is added to, and the end is reached.
const redis::Script& add_script() {
  static const redis::Script kScript(R"lua(
local key, n = KEYS[1], ARGV[2]
local done = redis.pcall('INCRBY', key, n)
if type(done) == 'table' and done.err then
  if string.match(redis.call('GET', key) or '', '^%-?%d+$') then
    n = string.sub(n, 1, 1) == '-' and '-9223372036854775808' or '9223372036854775807'
  end
  redis.call('SET', key, n, 'KEEPTTL')
end
if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ARGV[3]) end
return redis.call('GET', key)
)lua");
  return kScript;
}

/// What machines find out again: a word that has waited through an outage is no news, and would overwrite what others wrote.
bool is_cache(Space space) {
  return space == Space::callout_address || space == Space::callout_domain || space == Space::evidence;
}

/// For SCAN MATCH: itself and nothing else.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("*?[]\\^").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

RedisStore::RedisStore(std::shared_ptr<redis::Connection> redis, const Table::Limits& limits, const Clock& clock,
                       Counters& counters)
    : redis_(std::move(redis)),
      clock_(clock),
      list_cut_(counters.get("store.list_cut")),
      local_(limits, clock, counters) {}

std::string RedisStore::name_of(Space space, std::string_view key) const {
  std::string all = redis_->options().prefix;
  return all.append(name(space)).append(":").append(key);
}

Deadline RedisStore::deadline(milliseconds patience) const {
  return Deadline(std::chrono::steady_clock::now() + patience);
}

std::optional<Entry> RedisStore::get(Space space, std::string_view key) {
  if (!fits(key, {})) return std::nullopt;
  const std::string full = name_of(space, key);
  const std::vector<Command> commands{std::move(Command("GET").key(full)), std::move(Command("PTTL").key(full))};
  std::vector<Reply> replies = redis_->ask(commands, deadline(redis_->options().timeout));
  if (replies[0].type == Reply::Type::nil) {
    // Another machine has released it: that holds here, too, should Redis be away later.
    if (space == Space::frozen && local_.get(space, key)) local_.erase(space, key);
    return std::nullopt;
  }
  if (replies[0].type != Reply::Type::text || replies[1].type != Reply::Type::integer) return local_.get(space, key);
  if (replies[1].integer <= 0) return std::nullopt;  // gone between the two, or not of ours: those all expire
  return Entry{std::move(replies[0].text), clock_.wall() + milliseconds(replies[1].integer)};
}

Ticket RedisStore::put(Space space, std::string_view key, std::string_view value, WallTime expires) {
  const Ticket ticket = local_.put(space, key, value, expires);
  if (ticket == kRefused) return kRefused;
  const auto left = std::chrono::ceil<milliseconds>(expires - clock_.wall());
  if (left <= milliseconds::zero()) return erase(space, key);
  Command command("SET");
  command.key(name_of(space, key)).arg(value).expires_in(std::min<milliseconds>(left, kLongest));
  if (is_cache(space)) command.no_later_than(kLongestWait);
  redis_->tell({&command.repeatable(), 1});
  return ticket;
}

Ticket RedisStore::erase(Space space, std::string_view key) {
  Command command("DEL");
  command.key(name_of(space, key));
  if (is_cache(space)) command.no_later_than(kLongestWait);
  if (fits(key, {})) redis_->tell({&command.repeatable(), 1});
  return local_.erase(space, key);
}

std::int64_t RedisStore::add(Space space, std::string_view key, std::int64_t n, WallTime expires) {
  if (!fits(key, {})) return local_.add(space, key, n, expires);
  const auto left = std::chrono::ceil<milliseconds>(expires - clock_.wall());
  Command command(add_script());
  command.key(name_of(space, key)).arg(n).arg(std::clamp<milliseconds>(left, milliseconds(1), kLongest).count());
  const std::vector<Reply> replies = redis_->ask({&command, 1}, deadline(redis_->options().timeout));
  if (replies[0].type != Reply::Type::text) return local_.add(space, key, n, expires);
  local_.put(space, key, replies[0].text, expires);
  return sum_of(replies[0].text, 0);
}

bool RedisStore::scan(const std::string& start, std::vector<std::string>& names, const Deadline& until) {
  std::string cursor = "0";
  for (std::size_t i = 0; i < kMostScans && names.size() < kMostScanned; ++i) {
    Command command("SCAN");
    command.arg(cursor).arg("MATCH").arg(escaped(start) + "*").arg("COUNT").arg(kScanCount);
    std::vector<Reply> replies = redis_->ask({&command, 1}, until);
    if (replies[0].type != Reply::Type::array || replies[0].elements.size() != 2) return false;
    for (Reply& found : replies[0].elements[1].elements) {
      if (found.text.starts_with(start)) names.push_back(std::move(found.text));
    }
    cursor = replies[0].elements[0].text;
    if (cursor == "0") return true;
  }
  return false;
}

std::vector<Store::Listed> RedisStore::list(Space space, std::string_view prefix, std::size_t most) {
  if (redis_->options().cluster) return local_.list(space, prefix, most);
  const Deadline until = deadline(kLongestList);
  std::vector<std::string> names;
  if (!scan(name_of(space, prefix), names, until)) {
    list_cut_.add();
    return local_.list(space, prefix, most);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());  // SCAN may tell one twice
  const std::size_t skipped = name_of(space, {}).size();
  std::vector<Listed> all;
  for (std::size_t at = 0; at < names.size() && all.size() < most; at += kInOneAsk) {
    const std::size_t end = std::min(names.size(), at + kInOneAsk);
    std::vector<Command> commands;
    for (std::size_t i = at; i < end; ++i) {
      commands.push_back(std::move(Command("GET").key(names[i])));
      commands.push_back(std::move(Command("PTTL").key(names[i])));
    }
    std::vector<Reply> replies = redis_->ask(commands, until);
    for (std::size_t i = 0; i < replies.size() && all.size() < most; i += 2) {
      if (!replies[i].available()) return local_.list(space, prefix, most);
      if (replies[i].type != Reply::Type::text || replies[i + 1].integer <= 0) continue;  // gone meanwhile
      all.push_back({names[at + i / 2].substr(skipped),
                     {std::move(replies[i].text), clock_.wall() + milliseconds(replies[i + 1].integer)}});
    }
  }
  return all;
}

Health RedisStore::health() const {
  Health health = local_.health();
  const redis::Health redis = redis_->health();
  health.durable = false;
  if (!redis.connected) health.problem = "redis: " + (redis.problem.empty() ? "not connected yet" : redis.problem);
  return health;
}

}  // namespace postern::store
