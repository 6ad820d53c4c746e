#include "policy/notices/quiet_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace postern::notices {

std::thread quiet_thread(const char* name, std::function<void()> work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  pthread_setname_np(thread.native_handle(), name);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace postern::notices
