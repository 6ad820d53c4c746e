#include "policy/accounts/sql/poll_until.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace postern::accounts {

int milliseconds_until(SteadyTime until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 1, 3'600'000));
}

Readiness poll_until(int fd, Readiness wanted, SteadyTime until) {
  for (;;) {
    if (std::chrono::steady_clock::now() >= until) return {};
    pollfd one{fd, static_cast<short>((wanted.read ? POLLIN : 0) | (wanted.write ? POLLOUT : 0)), 0};
    const int ready = poll(&one, 1, milliseconds_until(until));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return {};
    if (ready == 0) continue;
    if ((one.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return wanted;
    return {(one.revents & POLLIN) != 0, (one.revents & POLLOUT) != 0};
  }
}

}  // namespace postern::accounts
