#pragma once

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "policy/dns/zone_resolver.h"

namespace postern::test {

/// Answers from a zone, and remembers what it was asked. Names below `silent` are never answered: whoever asks waits
/// until his deadline.
class WatchedResolver final : public dns::Resolver {
 public:
  explicit WatchedResolver(std::string_view zone, std::string_view silent = {}) {
    auto parsed = dns::ZoneResolver::parse("zone", zone);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    zone_ = std::move(parsed).value();
    if (!silent.empty()) silent_ = Domain::parse(silent);
  }

  void prefetch(const dns::Question& question) override {
    const std::lock_guard lock(mutex_);
    asked_.insert(question);
  }
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    std::unique_lock lock(mutex_);
    asked_.insert(question);
    if (!silent_ || !question.name.is_within(*silent_)) return zone_->query(question, deadline);
    deadline.wait(lock, never_, [] { return false; });
    dns::Answer late;
    late.late = true;
    late.problem = "no answer in time";
    return std::make_shared<const dns::Answer>(std::move(late));
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

  /// Different questions so far, announced or asked, but for policies of DMARC.
  std::size_t questions() const { return count(false); }
  std::size_t policy_questions() const { return count(true); }

 private:
  std::size_t count(bool of_policies) const {
    const std::lock_guard lock(mutex_);
    const auto counts = [&](const dns::Question& q) { return q.name.text().starts_with("_dmarc.") == of_policies; };
    return static_cast<std::size_t>(std::count_if(asked_.begin(), asked_.end(), counts));
  }

  std::unique_ptr<dns::Resolver> zone_;
  std::optional<Domain> silent_;
  mutable std::mutex mutex_;
  std::condition_variable never_;
  std::set<dns::Question> asked_;
};

}  // namespace postern::test
