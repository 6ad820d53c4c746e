#include "policy/limits/limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "policy/base/local_time.h"

namespace postern::limits {

namespace {

rules::Value value_of(std::string_view key) {
  if (const auto ip = IpAddress::parse(key.substr(0, key.find('/')))) return *ip;  // of a network its first
  if (const Path path = Path::parse(key); path.mailbox && path.mailbox->domain) return *path.mailbox;
  return std::string(key);
}

/// Is the key in it, or the domain of its address: what a domain may, its users may.
bool names(const rules::List& keys, std::string_view key, std::int64_t unix_time) {
  const rules::Value value = value_of(key);
  if (keys.contains(value, unix_time) == rules::List::Answer::yes) return true;
  const auto* mailbox = std::get_if<Mailbox>(&value);
  return mailbox != nullptr && mailbox->domain &&
         keys.contains(rules::Value(*mailbox->domain), unix_time) == rules::List::Answer::yes;
}

std::optional<std::int64_t> number_of(std::span<const std::optional<std::string>> facts, std::size_t index) {
  if (index >= facts.size() || !facts[index]) return std::nullopt;
  return parse_amount(*facts[index]);
}

}  // namespace

std::vector<Allowance> allowed(const Limit& limit, std::string_view key,
                               std::span<const std::optional<std::string>> facts, std::int64_t unix_time) {
  const std::string_view first = key.substr(0, key.find('\t'));
  for (const Limit::Instead& other : limit.overrides) {
    if (other.file) {
      if (std::optional<Override> found = other.file->find(first, unix_time)) return std::move(found->allow);
    } else if ((!other.until || unix_time < *other.until) && names(*other.keys, first, unix_time)) {
      return other.allow;
    }
  }
  std::vector<Allowance> result;
  result.reserve(limit.allow.size());
  std::size_t fact = 0;
  bool lacks = false;
  for (const AllowanceText& text : limit.allow) {
    if (text.fact.empty()) {
      result.push_back({text.most, text.window, text.burst});
      continue;
    }
    const std::optional<std::int64_t> most = number_of(facts, fact++);
    lacks = lacks || !most;
    if (most) result.push_back({*most, text.window, text.burst});
  }
  for (const Allowance& other : limit.otherwise) {
    const auto same = [&](const Allowance& a) { return a.window == other.window; };
    if (lacks && std::none_of(result.begin(), result.end(), same)) result.push_back(other);
  }
  if (result.size() > kMostWindows) result.resize(kMostWindows);
  return result;
}

std::string next_text(std::chrono::milliseconds wait, std::int64_t unix_time) {
  if (wait <= std::chrono::milliseconds(0)) return "now";
  if (wait == Answer::kNever) return "never";
  const std::int64_t at = unix_time + std::chrono::ceil<std::chrono::seconds>(wait).count();
  const std::int64_t minute = (at + 59) / 60 * 60;
  const std::tm then = local_time(minute);
  const std::tm now = local_time(unix_time);
  const bool today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, today ? "%H:%M %z" : "%Y-%m-%d %H:%M %z", &then);
  return {text, size};
}

}  // namespace postern::limits
