#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace postern {

/// A fixed number of threads that run tasks in the order they came. With 0 threads nothing is ever started: whoever
/// needs a result runs it himself, which is the deterministic mode of tests. Thread-safe.
class Pool {
 public:
  /// `queue_limit`: more waiting tasks than this are refused.
  Pool(std::string thread_name, std::size_t threads, std::size_t queue_limit);
  /// Runs no further task, waits for those that run.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// False, and nothing happens, when there are no threads, the queue is full or the pool is ending. A task must not
  /// throw.
  bool start(std::function<void()> task);
  std::size_t threads() const { return workers_.size(); }

 private:
  void work();

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace postern
