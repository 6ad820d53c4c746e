#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "policy/accounts/guard/guard_options.h"
#include "policy/accounts/guard/question_hash.h"
#include "policy/accounts/lookup.h"
#include "policy/base/clock.h"

namespace postern::accounts {

/// The answers of a back end: what was found, what was not, and what failed a moment ago, each for its age. What was
/// found stays for a time past its age, to serve when no new answer is to be had; that nothing was there never does,
/// since it would refuse mail to an account made meanwhile. Forgets what was used longest ago. Thread-safe.
class ReplyCache {
 public:
  /// Of `options` the ages and the caps.
  explicit ReplyCache(const GuardOptions& options);

  struct Known {
    std::shared_ptr<const Reply> fresh;  ///< stands; null where it has to be asked for
    std::shared_ptr<const Reply> stale;  ///< where it has: serves when that fails
    bool failed_lately = false;          ///< asking is of no use now
    std::chrono::seconds age{0};         ///< of either
  };
  Known find(const Question& question, SteadyTime now);
  /// How many other answers had to go for it. A failure leaves a good answer where it is.
  std::size_t put(const Question& question, std::shared_ptr<const Reply> reply, SteadyTime now);

  std::size_t size() const;

 private:
  struct Entry {
    Question question;
    std::shared_ptr<const Reply> reply;
    std::size_t bytes = 0;
    SteadyTime made, fresh_until, kept_until;
    SteadyTime failed_until;
  };
  using Order = std::list<Entry>;
  using Index = std::unordered_map<Question, Order::iterator, QuestionHash>;

  void drop(Index::iterator entry);
  std::chrono::seconds age_of(const Reply& reply) const;

  const GuardOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  Order order_;               // last used first
  Index index_;
  std::size_t bytes_ = 0;
};

}  // namespace postern::accounts
