// Preloaded into a daemon: its wall clock goes by as many seconds wrong as the file named in POSTERN_TEST_CLOCK says, a
// number of eight bytes that may change any time.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

const volatile std::int64_t* map() {
  const char* const path = std::getenv("POSTERN_TEST_CLOCK");
  const int fd = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  void* const bytes = fd < 0 ? MAP_FAILED : mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (fd >= 0) close(fd);
  return bytes == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(bytes);
}

std::int64_t offset() {
  static const volatile std::int64_t* const seconds = map();
  return seconds == nullptr ? 0 : *seconds;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long done = syscall(SYS_clock_gettime, clock, time);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += offset();
  return static_cast<int>(done);
}

extern "C" int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}
