#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "policy/accounts/guard/connections.h"
#include "policy/accounts/guard/guard_options.h"
#include "policy/accounts/guard/question_hash.h"
#include "policy/accounts/guard/reply_cache.h"
#include "policy/accounts/lookup.h"
#include "policy/base/breaker.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"

namespace postern::accounts {

/// A back end made into a Source: a bounded pool of connections, one question for all who ask it at the same time, a
/// time for each, and a memory of answers. Where no new answer is to be had (the back end fails, is slow, or is known
/// to be down) one that found something serves past its age, `stale`; else the reply is failed, never absent. Whoever
/// cannot wait so long gets failed and `late`, while the question goes on for the next one.
///
/// A key that no account can have (too long, with control characters, no UTF-8) is absent without being asked for.
///
/// Making it connects to nothing and starts nothing. What it counts: accounts.queries (to back ends),
/// accounts.cache.hits, .misses and .evicted, accounts.single_flight (waited for somebody else's question),
/// accounts.failed, accounts.late, accounts.timeouts, accounts.stale, accounts.refused (over the queue),
/// accounts.impossible_keys, accounts.rows_cut, accounts.breaker.opened and .refused. Thread-safe.
class GuardedSource final : public Source {
 public:
  /// `clock` and `counters` outlive it; ages go by `clock`.
  GuardedSource(std::shared_ptr<const Connector> connector, const GuardOptions& options, const Clock& clock,
                Counters& counters);
  /// Nobody may wait here any more. Ends its threads, which may take as long as one question.
  ~GuardedSource() override;

  Reply find(const Question& question, const Deadline& deadline) override;
  bool has(Lookup lookup) const override { return connector_->has(lookup); }
  GuardHealth health() const;
  /// While the breaker is open: the last problem.
  std::string trouble() const override;
  std::string describe() const { return connector_->describe(); }

 private:
  struct Flight;
  struct Numbers;
  using Shared = std::shared_ptr<const Reply>;

  // The flight of a question, begun where there is none; null, and why, where it cannot be.
  std::shared_ptr<Flight> join(const Question& question, std::string& why);
  void landed(const Question& question, const std::shared_ptr<Flight>& flight, Reply reply, bool answers);
  void end(const Question& question, const std::shared_ptr<Flight>& flight, const Shared& reply);
  Reply wait(const Question& question, const Deadline& deadline, const ReplyCache::Known& known);
  Reply serve_stale(const ReplyCache::Known& known);
  void remember(const Question& question, const Shared& reply);
  void note(const Question& question, const Reply& reply, bool answers);
  void blame(const Question& question);
  void bound(Reply& reply);

  const std::shared_ptr<const Connector> connector_;
  const GuardOptions options_;
  const Clock& clock_;
  const std::unique_ptr<Numbers> count_;
  Breaker breaker_;
  ReplyCache cache_;
  std::atomic<std::int64_t> asked_{0};
  std::atomic<std::int64_t> failed_{0};
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<Question, std::shared_ptr<Flight>, QuestionHash> flights_;
  std::string problem_;
  std::unique_ptr<Connections> connections_;  // last: its questions end before what they land in
};

}  // namespace postern::accounts
