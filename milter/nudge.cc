#include "milter/nudge.h"

#include <arpa/inet.h>
#include <libmilter/mfapi.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "milter/connect.h"

namespace postern {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{
    20};  // DESIGN 1: 100 waiting sessions are then all at work within a few hundred milliseconds
constexpr seconds kAskEvery{1};  // local: for a sign of life
constexpr milliseconds kStuckAfter{
    100};                  // local: then the sign of life itself waits behind sessions that keep their workers
constexpr int kPokes = 4;  // local: a tick
constexpr seconds kSilenceLimit{20};  // local: then libmilter counts as stuck
constexpr milliseconds kRetry{200};
constexpr std::uint32_t kMaxAnswer = 4096;

// SMFI_CURR_ACTS and, above them, a number that no MTA offers: 22 random bits that are never all 0, below the sign bit.
unsigned long marked_actions() {
  std::random_device source;
  return 0x1ffUL | ((1UL + source() % 0x3ffffeUL) << 9U);
}

// Each thread is a folder of this one, which has two links of its own.
std::size_t thread_count() {
  struct stat found {};
  return stat("/proc/self/task", &found) == 0 ? found.st_nlink - 2 : 0;
}

void append_number(std::string& out, std::uint32_t number) {
  const std::uint32_t network = htonl(number);
  out.append(reinterpret_cast<const char*>(&network), sizeof network);
}

}  // namespace

Nudge::Nudge(const config::Listen& where, Log& log, Counters& counters)
    : where_(where),
      offered_actions_(marked_actions()),
      log_(log),
      nudges_(counters.get("milter.nudges")),
      skipped_(counters.get("milter.nudges.skipped")),
      pokes_(counters.get("milter.nudge.pokes")),
      reconnects_(counters.get("milter.nudge.reconnects")) {}

void Nudge::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "postern-nudge");
}

Nudge::~Nudge() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  close_session();
}

void Nudge::wait_begins() {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = ++waiting_ == 1;
    send_packet(SMFIC_MACRO, std::string(1, SMFIC_CONNECT));
  }
  if (first) changed_.notify_all();
}

void Nudge::wait_ends() {
  const std::lock_guard lock(mutex_);
  --waiting_;
}

bool Nudge::wait_until_served(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return answered_; });
}

void Nudge::run() {
  while (!stopping()) {
    if (!open()) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kRetry, [this] { return stopping(); });
      continue;
    }
    SteadyTime asked = std::chrono::steady_clock::now();
    bool answered = true;
    std::size_t threads = thread_count();
    while (!stopping()) {
      if (read_answers()) answered = true;
      const SteadyTime now = std::chrono::steady_clock::now();
      const bool stuck = !answered && now - asked > kStuckAfter;
      if (stuck) poke();
      const std::size_t now_threads = thread_count();
      const bool growing =
          now_threads > threads;  // the worker that answered us found something to do: there may be more of it
      threads = now_threads;
      std::unique_lock lock(mutex_);
      if (fd_ < 0) break;
      served_ = answered || now - asked <= kSilenceLimit;
      if (!served_) break;
      if (answered && (growing || now - asked >= kAskEvery)) {
        asked = now;
        answered = false;
        send_packet(SMFIC_UNKNOWN,
                    std::string("postern", 8));  // answered by libmilter itself: we have no such callback
      }
      if (waiting_ > 0) send_packet(SMFIC_MACRO, std::string(1, SMFIC_CONNECT));
      if (waiting_ > 0 || !answered) {
        changed_.wait_for(lock, kTick, [this] { return stopping(); });
      } else {
        changed_.wait_for(lock, kAskEvery, [this] { return stopping() || waiting_ > 0; });
      }
    }
    close_session();
    if (stopping()) return;
    reconnects_.add();
    log_.write(Event{"fault", LogLevel::error, {}}
                   .add("part", std::string("nudge"))
                   .add("reason", std::string(served_ ? "session lost" : "libmilter does not answer")));
  }
}

bool Nudge::open() {
  const int fd = connect_to(where_, true);
  if (fd < 0) return false;
  {
    const std::lock_guard lock(mutex_);
    fd_ = fd;
    unsent_.clear();
    received_.clear();
    std::string offer;
    append_number(offer, SMFI_PROT_VERSION);
    append_number(offer, static_cast<std::uint32_t>(offered_actions_));
    append_number(offer, SMFI_CURR_PROT);
    send_packet(SMFIC_OPTNEG, offer);
  }
  const SteadyTime until = std::chrono::steady_clock::now() + kSilenceLimit;
  while (!stopping() && std::chrono::steady_clock::now() < until) {
    pollfd ready{fd, POLLIN, 0};
    if (poll(&ready, 1, 100) <= 0) continue;
    if (read_answers()) {
      const std::lock_guard lock(mutex_);
      answered_ = true;
      changed_.notify_all();
      return true;
    }
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) return false;
  }
  if (!stopping()) served_ = false;
  close_session();
  return false;
}

// Clients that send half a packet keep a worker each, and libmilter lets other sessions, ours too, queue behind them
// though it would start a worker for a new one. So new ones come, and are gone at once: each leaves a worker that takes
// a queued session.
void Nudge::poke() {
  for (int i = 0; i < kPokes; ++i) {
    const int fd = connect_to(where_, true);
    if (fd < 0) return;
    close(fd);
    pokes_.add();
  }
}

void Nudge::close_session() {
  const std::lock_guard lock(mutex_);
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

// True when at least one whole packet has come; forgets the session when it is over.
bool Nudge::read_answers() {
  int fd = -1;
  {
    const std::lock_guard lock(mutex_);
    fd = fd_;
  }
  char bytes[512];
  bool lost = false;
  for (;;) {
    const ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
      received_.append(bytes, static_cast<std::size_t>(count));
      continue;
    }
    lost = count == 0 || (errno != EAGAIN && errno != EINTR);
    break;
  }
  bool any = false;
  while (received_.size() >= 4) {
    std::uint32_t size = 0;
    std::memcpy(&size, received_.data(), sizeof size);
    size = ntohl(size);
    if (size > kMaxAnswer) lost = true;
    if (size > kMaxAnswer || received_.size() < 4 + size) break;
    received_.erase(0, 4 + size);
    any = true;
  }
  if (lost) close_session();
  return any;
}

// Under mutex_. A packet that does not fit the socket's buffer is left out: those in it wake workers enough.
void Nudge::send_packet(char command, const std::string& data) {
  if (fd_ < 0) return;
  flush();
  if (!unsent_.empty()) {
    skipped_.add();
    return;
  }
  append_number(unsent_, static_cast<std::uint32_t>(data.size() + 1));
  unsent_ += command;
  unsent_ += data;
  nudges_.add();
  flush();
}

void Nudge::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = send(fd_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
}

}  // namespace postern
