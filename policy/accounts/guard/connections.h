#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// A bounded number of connections to a back end, a thread each ("postern-acct"), and a bounded queue before them.
/// Threads and connections are made at need: making this does nothing. A connection that has stood idle is closed, one
/// that fails is made anew, and where that fails nobody tries again at once. Thread-safe.
class Connections {
 public:
  /// What became of a question, told on the thread of the connection. `answers`: the back end is there, even where it
  /// failed on this question. Must not throw.
  using Done = std::function<void(Reply reply, bool answers)>;

  Connections(std::shared_ptr<const Connector> connector, std::size_t most, std::size_t queue_limit);
  /// Waits for the questions under way, which is no longer than their time; the others are never told.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// False, and nothing happens, when the queue is full or no thread can be made.
  bool ask(Question question, SteadyTime until, Done done);

  std::size_t open() const;     ///< connections that stand
  std::size_t waiting() const;  ///< questions in the queue

 private:
  struct Task {
    Question question;
    SteadyTime until;
    Done done;
  };
  struct Attempt {
    Reply reply;
    bool answers = false;
  };
  using Connection = std::unique_ptr<Backend>;

  bool start_thread();
  void work();
  // The next task; nothing at the end. Closes what stands idle.
  bool next(Task& task, Connection& connection);
  Attempt answer(Connection& connection, const Task& task);
  Attempt attempt(Connection& connection, const Task& task);
  Result<Connection> connect(SteadyTime until);
  void close(Connection& connection);

  const std::shared_ptr<const Connector> connector_;
  const std::size_t most_;
  const std::size_t queue_limit_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::size_t idle_ = 0;
  std::size_t open_ = 0;
  bool ending_ = false;
  unsigned refusals_ = 0;  // one after another, when connecting
  SteadyTime next_connect_;
  std::string problem_;
  std::vector<std::thread> workers_;
};

}  // namespace postern::accounts
