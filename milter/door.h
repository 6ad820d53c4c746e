#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "milter/test_switches.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"

struct pollfd;

namespace postern {

/// Stands between the kernel and libmilter: it decides which connections libmilter gets to see, and how long libmilter
/// waits inside a packet. These are the program's accept(), poll(), read() and time() in the end
/// (docs/decisions/002-door.md).
///
/// - A client that says nothing after it has connected waits here, without a thread, and is closed after 30 s, or
///   sooner when room is scarce. Counts to "milter.silent".
/// - The last descriptors are kept for others: while fewer than 16 are free new connections wait in the kernel's queue
///   (FAULTS M8: libmilter would try in a circle). Counts to "milter.pauses".
/// - A packet that has begun is whole, or an answer taken, within 30 s of waiting; else libmilter ends the session
///   (FAULTS M9). Counts to "milter.stalled".
/// - A macro packet that libmilter would read past its end never gets there: the session ends. Counts to
///   "milter.bad_macros".
/// - libmilter's clock never jumps: it measures idle sessions with the wall clock, and would close all of them when that
///   is set forward by more than its limit.
class Door {
 public:
  /// libmilter's limit for an idle session. Such waits are told by it from all others of the program.
  /// local: a client may take its time with DATA, and the MTA is silent meanwhile.
  static constexpr std::chrono::seconds kIdleLimit{7199};

  Door(std::shared_ptr<Counters> counters, const TestSwitches& switches);

  /// From now on `listening` is the socket that libmilter accepts from; before smfi_main.
  void guard(int listening);
  /// Whether new connections wait since too few descriptors are free.
  bool is_crowded() const { return crowded_; }

  /// As poll(2), accept(2) and read(2), for every caller of the program.
  int poll(pollfd* files, unsigned long count, int timeout_ms);
  int accept(int listening, sockaddr* address, socklen_t* size);
  ssize_t read(int fd, void* bytes, std::size_t size) const;
  /// As time(2), for a caller at `caller`: the wall clock's `now`, or what it would be if it had not been set since the
  /// start.
  time_t time_for(const void* caller, time_t now) const;

 private:
  struct Arrived {
    int fd = -1;
    sockaddr_storage address{};
    socklen_t size = 0;
    SteadyTime since{};
  };
  int wait_for_clients(pollfd& listening, int timeout_ms);
  int wait_in_packet(pollfd& file) const;
  bool has_room();
  bool make_room();
  void close_silent();

  const std::shared_ptr<Counters> counters_;  // libmilter's threads outlive the daemon's objects
  const bool acknowledges_;
  const bool guards_files_;
  const bool waits_for_words_;
  const bool limits_packets_;
  const bool pairs_macros_;
  const std::chrono::milliseconds patience_;
  const WallTime started_wall_ = std::chrono::system_clock::now();
  const SteadyTime started_ = std::chrono::steady_clock::now();
  std::uintptr_t libmilter_begin_ = 0;  // where its code lies
  std::uintptr_t libmilter_end_ = 0;
  Counter& connections_;
  Counter& silent_;
  Counter& pauses_;
  Counter& stalled_;
  Counter& bad_macros_;
  std::atomic<int> listening_{-1};
  std::atomic<bool> hurries_{false};
  std::atomic<bool> crowded_{false};
  std::deque<Arrived> hall_;   // said nothing yet, oldest first; of libmilter's listening thread, like ready_
  std::deque<Arrived> ready_;  // to be handed over
};

/// Makes `door` serve the program's accept() and poll(). It is never taken back: libmilter's threads end with the
/// process.
void hang(Door& door);

}  // namespace postern
