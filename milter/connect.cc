#include "milter/connect.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postern {

namespace {

constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};

int connect_socket(int family, const sockaddr* address, socklen_t size, bool nonblocking) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience,
             sizeof kPatience);  // a Unix socket whose queue is full makes connect() wait
  if (connect(fd, address, size) != 0) {
    const int problem = errno;
    close(fd);
    errno = problem;
    return -1;
  }
  if (nonblocking) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

}  // namespace

int connect_to(const std::string& path, bool nonblocking) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return connect_socket(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, nonblocking);
}

int connect_to(const config::Listen& where, bool nonblocking) {
  switch (where.kind) {
    case config::Listen::Kind::unix_socket: return connect_to(where.path, nonblocking);
    case config::Listen::Kind::inet: {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(where.port);
      if (inet_pton(AF_INET, where.host.c_str(), &address.sin_addr) != 1) break;
      return connect_socket(AF_INET, reinterpret_cast<const sockaddr*>(&address), sizeof address, nonblocking);
    }
    case config::Listen::Kind::inet6: {
      sockaddr_in6 address{};
      address.sin6_family = AF_INET6;
      address.sin6_port = htons(where.port);
      if (inet_pton(AF_INET6, where.host.c_str(), &address.sin6_addr) != 1) break;
      return connect_socket(AF_INET6, reinterpret_cast<const sockaddr*>(&address), sizeof address, nonblocking);
    }
  }
  errno = EINVAL;
  return -1;
}

}  // namespace postern
