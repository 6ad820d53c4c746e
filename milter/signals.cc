#include "milter/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

// libmilter waits here in a thread of its own and stops at HUP and TERM alike. POSIX lets it take a signal that the
// main thread waits for as well; with this definition in the program it never can. (lint: this replaces the C library's
// function for the whole program.)
extern "C" int sigwait(const sigset_t*, int*) {
  for (;;) pause();
}

namespace postern {

namespace {

sigset_t ours() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&set, number);
  return set;
}

}  // namespace

void own_signals() {
  const sigset_t set = ours();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a peer that went away is seen by write()
}

Signal wait_for_signal(std::chrono::milliseconds patience) {
  const sigset_t set = ours();
  const timespec time{.tv_sec = patience.count() / 1000, .tv_nsec = patience.count() % 1000 * 1'000'000};
  switch (sigtimedwait(&set, nullptr, &time)) {
    case SIGHUP: return Signal::reload;
    case SIGTERM:
    case SIGINT: return Signal::stop;
    default: return Signal::none;
  }
}

}  // namespace postern
