#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/base/clock.h"
#include "policy/limits/ledger.h"

namespace postern::limits::test {

/// A ledger that keeps what happened as it happened, to the millisecond, and adds it up when asked: slow, without bounds, and
/// hard to get wrong. Not thread-safe. Smoothness, near, and the
/// values and times of what is released are left out.
class NaiveLedger final : public Ledger {
 public:
  explicit NaiveLedger(const Clock& clock) : clock_(clock) {}

  bool available = true;  ///< false: every answer is `unavailable`
  bool coarse = false;    ///< every answer says so

  void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
               const Deadline& deadline) override {
    for (std::size_t i = 0; i < demands.size(); ++i) {
      look(demands.subspan(i, 1), answers.subspan(i, 1), deadline);
      if (answers[i].kind != Answer::Kind::ok) continue;
      charge(demands.subspan(i, 1));
      holds.push_back({.id = ++last_hold_,
                       .demand = i,
                       .limit = std::string(demands[i].limit),
                       .key = std::string(demands[i].key),
                       .unit = demands[i].unit,
                       .allow = demands[i].allow,
                       .amount = demands[i].amount,
                       .value = std::string(demands[i].value)});
    }
  }
  std::chrono::seconds lease() const override { return std::chrono::hours(1); }
  void look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline&) override {
    for (std::size_t i = 0; i < demands.size(); ++i) answers[i] = available ? look(demands[i]) : Answer{};
  }
  void commit(std::span<const Hold>) override {}
  void release(std::span<const Hold> holds) override {
    for (const Hold& h : holds) {
      Log& log = logs_[name_of(h.limit, h.key, h.unit)];
      log.total -= h.amount;
      log.events.push_back({clock_.now(), log.total});
    }
  }
  void charge(std::span<const Demand> demands) override {
    if (!available) return;
    for (const Demand& d : demands) charge(d);
  }
  void note_refused(std::string_view, std::string_view) override {}

  std::vector<Account> show(std::string_view key, const Deadline&) override {
    std::vector<Account> out;
    for (const auto& [name, log] : logs_) {
      if (log.key == key) out.push_back({.limit = log.limit, .key = log.key, .unit = log.unit, .windows = {}});
    }
    return out;
  }
  std::vector<Account> top(std::string_view, std::size_t most, const Deadline&) override {
    std::vector<Account> out;
    for (const auto& [name, log] : logs_) {
      if (out.size() < most) out.push_back({.limit = log.limit, .key = log.key, .unit = log.unit, .windows = {}});
    }
    return out;
  }
  std::size_t reset(std::string_view limit, std::string_view key, const Deadline&) override {
    return std::erase_if(logs_, [&](const auto& entry) {
      return entry.second.key == key && (limit.empty() || entry.second.limit == limit);
    });
  }
  /// How many keys are counted under.
  std::size_t size() const { return logs_.size(); }

 private:
  struct Event {
    SteadyTime at;
    std::int64_t until;  ///< all amounts up to this one
  };
  struct Log {
    std::string limit, key;
    Unit unit = Unit::messages;
    std::deque<Event> events;
    std::int64_t total = 0, forgotten = 0;
    std::unordered_map<std::string, SteadyTime> last;  ///< of values: when they were counted
  };

  static std::string name_of(std::string_view limit, std::string_view key, Unit unit) {
    return std::string(limit) + '\n' + std::string(key) + '\n' + std::string(name(unit));
  }
  /// How much the demand would add to `window`, where `log` may be null.
  std::int64_t adds(const Demand& d, const Log* log, std::chrono::seconds window) const {
    if (!counts_values(d.unit)) return d.amount;
    if (log == nullptr) return 1;
    const auto found = log->last.find(std::string(d.value));
    const std::chrono::seconds memory = d.unit == Unit::first_time_recipients ? kAcquaintance : window;
    return found != log->last.end() && found->second > clock_.now() - memory ? 0 : 1;
  }
  std::int64_t used(const Demand& d, const Log* log, std::chrono::seconds window) const {
    if (log == nullptr) return 0;
    const SteadyTime from = clock_.now() - window;
    if (d.unit == Unit::distinct_recipients)
      return std::count_if(log->last.begin(), log->last.end(), [&](const auto& v) { return v.second > from; });
    const auto begin = std::upper_bound(log->events.begin(), log->events.end(), from,
                                        [](SteadyTime at, const Event& e) { return at < e.at; });
    return log->total - (begin == log->events.begin() ? log->forgotten : std::prev(begin)->until);
  }
  Answer look(const Demand& d) const {
    const auto found = logs_.find(name_of(d.limit, d.key, d.unit));
    const Log* log = found == logs_.end() ? nullptr : &found->second;
    Answer out{.kind = Answer::Kind::ok};
    out.coarse = coarse;
    for (std::size_t w = 0; w < d.allow.size(); ++w) {
      out.allow[w] = d.allow[w].most;
      out.used[w] = used(d, log, d.allow[w].window);
      const std::int64_t more = adds(d, log, d.allow[w].window);
      if (more > 0 && out.used[w] + more > d.allow[w].most) out.kind = Answer::Kind::over;
      if (more > d.allow[w].burst.value_or(more)) out.kind = Answer::Kind::over;
    }
    return out;
  }
  void charge(const Demand& d) {
    Log& log = logs_[name_of(d.limit, d.key, d.unit)];
    if (log.key.empty()) {
      log.limit = d.limit;
      log.key = d.key;
      log.unit = d.unit;
    }
    const std::int64_t more = adds(d, &log, std::chrono::seconds(0));
    if (counts_values(d.unit)) log.last[std::string(d.value)] = clock_.now();
    if (d.unit == Unit::distinct_recipients || more == 0) return;
    log.total += more;
    log.events.push_back({clock_.now(), log.total});
    for (; log.events.front().at <= clock_.now() - kLongestWindow; log.events.pop_front())
      log.forgotten = log.events.front().until;
  }

  const Clock& clock_;
  std::unordered_map<std::string, Log> logs_;
  std::uint64_t last_hold_ = 0;
};

}  // namespace postern::limits::test
