#include "policy/accounts/guard/reply_cache.h"

#include <algorithm>
#include <utility>

namespace postern::accounts {

namespace {

// local: what stands beside the texts, with what malloc adds. Measured: docs/performance.md.
constexpr std::size_t kEntryBytes = 400;  // in the list and the index, the reply and the ends of the key
constexpr std::size_t kRowBytes = 48;
constexpr std::size_t kFieldBytes = 90;  // two strings

std::size_t bytes_of(const Question& question, const Reply& reply) {
  std::size_t bytes = kEntryBytes + 2 * question.key.size() + reply.problem.size();
  for (const Row& row : reply.rows) {
    bytes += kRowBytes;
    for (const auto& [name, value] : row.fields) bytes += kFieldBytes + name.size() + value.size();
  }
  return bytes;
}

}  // namespace

ReplyCache::ReplyCache(const GuardOptions& options) : options_(options) {}

ReplyCache::Known ReplyCache::find(const Question& question, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(question);
  if (found == index_.end()) return {};
  const Entry& entry = *found->second;
  if (entry.kept_until <= now) {
    drop(found);
    return {};
  }
  order_.splice(order_.begin(), order_, found->second);
  Known known;
  known.age = std::chrono::duration_cast<std::chrono::seconds>(now - entry.made);
  if (now < entry.fresh_until) {
    known.fresh = entry.reply;
  } else {
    known.stale = entry.reply;
    known.failed_lately = now < entry.failed_until;
  }
  return known;
}

std::size_t ReplyCache::put(const Question& question, std::shared_ptr<const Reply> reply, SteadyTime now) {
  const std::size_t bytes = bytes_of(question, *reply);
  const bool failed = reply->status == Reply::Status::failed;
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(question);
  if (found != index_.end()) {
    Entry& entry = *found->second;
    if (failed && entry.reply->status != Reply::Status::failed && now < entry.kept_until) {
      entry.failed_until = now + options_.failure_age;
      return 0;
    }
    drop(found);
  }
  const SteadyTime fresh_until = now + age_of(*reply);
  const bool may_serve_stale = reply->status == Reply::Status::found;
  const SteadyTime kept_until = fresh_until + (may_serve_stale ? options_.stale_age : std::chrono::seconds(0));
  if (kept_until <= now || bytes > options_.cache_bytes) return 0;
  order_.push_front({question, std::move(reply), bytes, now, fresh_until, kept_until, {}});
  index_.emplace(question, order_.begin());
  bytes_ += bytes;
  std::size_t evicted = 0;
  for (; index_.size() > options_.cache_entries || bytes_ > options_.cache_bytes; ++evicted)
    drop(index_.find(order_.back().question));
  return evicted;
}

std::chrono::seconds ReplyCache::age_of(const Reply& reply) const {
  switch (reply.status) {
    case Reply::Status::found: return options_.found_age;
    case Reply::Status::absent: return std::min(options_.absent_age, kMostAbsentAge);
    case Reply::Status::failed: return options_.failure_age;
  }
  return {};
}

void ReplyCache::drop(Index::iterator entry) {
  bytes_ -= entry->second->bytes;
  order_.erase(entry->second);
  index_.erase(entry);
}

std::size_t ReplyCache::size() const {
  const std::lock_guard lock(mutex_);
  return index_.size();
}

}  // namespace postern::accounts
