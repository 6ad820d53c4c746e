// Four functions of the C library as libmilter finds them in this program: Door's. libmilter has no other way to limit
// what they wait for and bring (docs/decisions/002-door.md).

#undef _FORTIFY_SOURCE  // its headers bring a poll() and a read() of their own

#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <atomic>

#include "milter/door.h"

namespace postern {

namespace {

std::atomic<Door*> the_door = nullptr;  // C functions have no other way to it

}  // namespace

void hang(Door& door) { the_door = &door; }

}  // namespace postern

extern "C" int ppoll(pollfd* files, unsigned long count, const timespec* timeout, const sigset_t* mask);

extern "C" int poll(pollfd* files, unsigned long count, int timeout_ms) {
  if (postern::Door* const door = postern::the_door) return door->poll(files, count, timeout_ms);
  const timespec time{.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1'000'000L};
  return ppoll(files, count, timeout_ms < 0 ? nullptr : &time, nullptr);
}

extern "C" int accept(int listening, sockaddr* address, socklen_t* size) {
  if (postern::Door* const door = postern::the_door) return door->accept(listening, address, size);
  return accept4(listening, address, size, 0);
}

extern "C" ssize_t read(int file, void* bytes, size_t size) {
  if (postern::Door* const door = postern::the_door) return door->read(file, bytes, size);
  const iovec all{bytes, size};
  return readv(file, &all, 1);
}

extern "C" time_t time(time_t* result) noexcept {
  const postern::Door* const door = postern::the_door;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (door != nullptr) now.tv_sec = door->time_for(__builtin_return_address(0), now.tv_sec);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}
