#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "config/configuration.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/log.h"

namespace postern {

/// Keeps sessions that become ready together from waiting for each other.
///
/// libmilter hands all sessions that are ready in one poll round to its one or two idle workers (PLATFORM 2). So the
/// daemon keeps one milter session to its own socket and writes an empty macro packet into it when a callback begins to
/// wait, and every 20 ms while any waits: that makes libmilter start a worker, which takes a waiting session when it is
/// done. The same session is asked for a sign of life each second, which tells whether libmilter still serves anybody.
/// While that is late, or its worker did not become idle, sessions queue behind stuck ones (clients that sent half a
/// packet): then more workers are called for, until none does.
class Nudge {
 public:
  /// `log` and `counters` outlive this.
  Nudge(const config::Listen& where, Log& log, Counters& counters);
  /// Closes the session and ends the thread.
  ~Nudge();
  Nudge(const Nudge&) = delete;
  Nudge& operator=(const Nudge&) = delete;

  /// Starts the thread "postern-nudge", which connects to `where` and again whenever the session is lost.
  void start();

  /// Whether a session that offers these actions is ours: they carry a mark drawn at start. It is no session of the
  /// engine's.
  bool is_ours(unsigned long offered_actions) const { return offered_actions == offered_actions_; }

  /// Around each wait of a callback. Never blocks.
  void wait_begins();
  void wait_ends();

  /// Waits until libmilter has answered for the first time; false when it has not by `deadline`.
  bool wait_until_served(SteadyTime deadline);
  /// Whether libmilter has given a sign of life lately.
  bool is_served() const { return served_.load(); }

 private:
  void run();
  bool open();
  void poke();
  void close_session();
  bool read_answers();
  void send_packet(char command, const std::string& data);
  void flush();
  bool stopping() const { return stop_.load(); }

  const config::Listen where_;
  const unsigned long offered_actions_;
  Log& log_;
  Counter& nudges_;
  Counter& skipped_;
  Counter& pokes_;
  Counter& reconnects_;

  std::mutex mutex_;  // guards fd_, unsent_, waiting_, answered_
  std::condition_variable changed_;
  int fd_ = -1;
  std::string unsent_;
  std::string received_;  // the thread's own
  int waiting_ = 0;
  bool answered_ = false;
  std::atomic<bool> served_{true};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace postern
