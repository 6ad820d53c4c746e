#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/log.h"
#include "policy/notices/way.h"

namespace postern::notices {

/// A notice that some ways tell, and what is to be done where none of them could.
class Telling {
 public:
  Telling(Notice notice, std::function<void()> untold) : notice_(std::move(notice)), untold_(std::move(untold)) {}
  ~Telling() {
    if (!told_) untold_();
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;

  const Notice& notice() const { return notice_; }
  void is_told() { told_ = true; }

 private:
  const Notice notice_;
  const std::function<void()> untold_;
  std::atomic<bool> told_{false};
};

/// One way of telling, on a thread of its own, so that it holds up no other: tries again what may yet do, and counts and
/// logs what came of it. Thread-safe.
class Lane {
 public:
  struct Options {
    std::chrono::milliseconds patience{10'000};          ///< of one try
    std::vector<std::chrono::milliseconds> retry_after;  ///< how long after each try that failed the next one follows
    std::size_t most_waiting = 1000;
  };
  /// `log` and `counters` outlive this. The destructor drops what waits; a try that is being made ends first, so raise the
  /// way's Interrupt before.
  Lane(std::unique_ptr<Way> way, const char* thread_name, Options options, Counters& counters, Log& log);
  ~Lane();

  /// How many people are to be told in this way. Never waits.
  std::size_t take(const std::shared_ptr<Telling>& telling);

 private:
  struct Job {
    std::shared_ptr<Telling> telling;
    std::string addressee;
    std::size_t tries = 0;
  };
  void work();
  void run(Job job);
  Attempt attempt(const Job& job);
  void log_of(const Job& job, bool ok, const std::string& reason);

  const std::unique_ptr<Way> way_;
  const Options options_;
  Log& log_;
  Counter& told_;
  Counter& failed_;
  Counter& dropped_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::multimap<SteadyTime, Job> waiting_;  ///< by when they are due
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace postern::notices
