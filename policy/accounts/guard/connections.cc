#include "policy/accounts/guard/connections.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace postern::accounts {

namespace {

constexpr std::chrono::seconds kIdle{60};             // local: less than what firewalls forget connections after
constexpr std::chrono::milliseconds kFirstPause{50};  // local: before connecting again, doubled each time
constexpr std::chrono::milliseconds kLongestPause{1000};

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

Connections::Connections(std::shared_ptr<const Connector> connector, std::size_t most, std::size_t queue_limit)
    : connector_(std::move(connector)), most_(std::max<std::size_t>(most, 1)), queue_limit_(queue_limit) {}

Connections::~Connections() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

bool Connections::ask(Question question, SteadyTime until, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || tasks_.size() >= queue_limit_) return false;
    if (tasks_.size() >= idle_ && workers_.size() < most_ && !start_thread() && workers_.empty()) return false;
    tasks_.push_back({std::move(question), until, std::move(done)});
  }
  wake_.notify_one();
  return true;
}

// Signals are others' business there. One is about itself: libldap writes to connections that have died (SIGPIPE).
bool Connections::start_thread() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    workers_.emplace_back([this] { work(); });
    pthread_setname_np(workers_.back().native_handle(), "postern-acct");
  } catch (const std::system_error&) {  // no thread to be had: those that are there do the work
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void Connections::work() {
  Connection connection;
  Task task;
  while (next(task, connection)) {
    Attempt made = answer(connection, task);
    task.done(std::move(made.reply), made.answers);
    task = {};
  }
  close(connection);
}

bool Connections::next(Task& task, Connection& connection) {
  std::unique_lock lock(mutex_);
  ++idle_;
  while (!ending_ && tasks_.empty()) {
    if (wake_.wait_for(lock, kIdle) == std::cv_status::no_timeout || !connection) continue;
    lock.unlock();
    close(connection);
    lock.lock();
  }
  --idle_;
  if (ending_) return false;
  task = std::move(tasks_.front());
  tasks_.pop_front();
  return true;
}

Connections::Attempt Connections::answer(Connection& connection, const Task& task) {
  if (steady_now() >= task.until) return {Reply::failed("no connection was free in time"), false};
  const bool stood = connection != nullptr;
  Attempt made = attempt(connection, task);
  const bool failed = made.reply.status == Reply::Status::failed && !made.answers;
  // What stood may have ended with the server's last life.
  return failed && stood && steady_now() < task.until ? attempt(connection, task) : std::move(made);
}

Connections::Attempt Connections::attempt(Connection& connection, const Task& task) {
  if (!connection) {
    Result<Connection> connected = connect(task.until);
    if (!connected) return {Reply::failed(connected.error().message), false};
    connection = std::move(connected).value();
  }
  Attempt made;
  try {
    made.reply = connection->ask(task.question, task.until);
    made.answers = made.reply.status != Reply::Status::failed || connection->usable();
  } catch (const std::exception& e) {
    made.reply = Reply::failed(e.what());
  }
  if (!made.answers) close(connection);
  return made;
}

Result<Connections::Connection> Connections::connect(SteadyTime until) {
  {
    const std::lock_guard lock(mutex_);
    if (steady_now() < next_connect_) return Error{problem_, {}};
  }
  Result<Connection> made = Error{};
  try {
    made = connector_->connect(until);
    if (made && !*made) made = Error{"no connection", {}};
  } catch (const std::exception& e) {
    made = Error{e.what(), {}};
  }
  const std::lock_guard lock(mutex_);
  if (made) {
    ++open_;
    refusals_ = 0;
    next_connect_ = {};
  } else {
    next_connect_ = steady_now() + std::min(kFirstPause * (1 << std::min(refusals_++, 10u)), kLongestPause);
    problem_ = made.error().message;
  }
  return made;
}

void Connections::close(Connection& connection) {
  if (!connection) return;
  connection.reset();
  const std::lock_guard lock(mutex_);
  --open_;
}

std::size_t Connections::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

std::size_t Connections::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

}  // namespace postern::accounts
