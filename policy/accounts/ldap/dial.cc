#include "policy/accounts/ldap/dial.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "policy/accounts/sql/poll_until.h"

namespace postern::accounts {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

// The socket, or minus what went wrong.
int dial(int family, const sockaddr* address, socklen_t size, SteadyTime until) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  int problem = connect(fd, address, size) == 0 ? 0 : errno;
  if (problem == EINPROGRESS) {
    socklen_t length = sizeof problem;
    if (!poll_until(fd, {.read = false, .write = true}, until).any())
      problem = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) != 0)
      problem = errno;
  }
  if (problem == 0) return fd;
  close(fd);
  return -problem;
}

Error wrong(int problem) { return {std::strerror(problem), {}}; }

}  // namespace

Result<int> dial_tcp(const std::string& host, std::uint16_t port, SteadyTime until) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &raw);
  if (code != 0) return Error{gai_strerror(code), {}};
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(raw);
  int result = -EHOSTUNREACH;
  for (const addrinfo* one = raw; one != nullptr && result < 0; one = one->ai_next)
    result = dial(one->ai_family, one->ai_addr, one->ai_addrlen, until);
  if (result < 0) return wrong(-result);
  return result;
}

Result<int> dial_unix(const std::string& path, SteadyTime until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return wrong(ENAMETOOLONG);
  path.copy(address.sun_path, path.size());
  const int result = dial(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, until);
  if (result < 0) return wrong(-result);
  return result;
}

}  // namespace postern::accounts
