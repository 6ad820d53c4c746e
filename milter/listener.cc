#include "milter/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libmilter/mfapi.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>

namespace postern {

namespace {

constexpr int kBacklog = 1024;  // local: connections that may wait while libmilter is between two accepts

bool is_listening(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on != 0;
}

// All listening sockets of the process: libmilter does not tell the number of the one it opens.
std::set<int> listening() {
  std::error_code problem;
  std::set<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", problem)) {
    const std::string name = entry.path().filename().string();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd >= 0 && is_listening(fd)) found.insert(fd);
  }
  return found;
}

FileDescriptor unreachable_socket() {
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // without a path: the kernel gives it an abstract name that nobody knows
  if (fd && (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(sa_family_t)) != 0 ||
             listen(fd.get(), 1) != 0))
    fd.reset();
  return fd;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const config::Listen& where, bool claims) {
  const bool is_unix = where.kind == config::Listen::Kind::unix_socket;
  FileDescriptor lock;
  if (is_unix && claims) {
    Result<FileDescriptor> claimed = claim_socket_path(where.path);
    if (!claimed) return claimed.error();
    lock = std::move(*claimed);
  }
  const std::set<int> before = listening();
  std::string text = where.libmilter_text();
  smfi_setbacklog(kBacklog);
  {
    const SocketMode mode(where.mode);
    errno = 0;
    if (smfi_setconn(text.data()) != MI_SUCCESS || smfi_opensocket(!claims) != MI_SUCCESS) {
      return Error{fmt::format("{}: cannot listen: {}", text,
                               errno != 0 ? std::strerror(errno) : "libmilter refuses the address"),
                   {}};
    }
  }
  if (is_unix) {
    const Result<bool> given = give_to_group(where.path, where.group);
    if (!given) {
      unlink(where.path.c_str());
      return given.error();
    }
  }
  int fd = -1;
  for (const int candidate : listening()) {
    if (!before.contains(candidate)) fd = candidate;
  }
  if (fd < 0) return Error{fmt::format("{}: the listening socket is not to be found in /proc/self/fd", text), {}};
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);  // accept() must not wait for a client that is gone again
  FileDescriptor nowhere = unreachable_socket();
  if (!nowhere) return Error{fmt::format("{}: {}", text, std::strerror(errno)), {}};
  return std::unique_ptr<Listener>(new Listener(where, std::move(lock), fd, std::move(nowhere)));
}

Listener::~Listener() { remove_path(); }

// PLATFORM 2: smfi_stop would cut open sessions. A socket that nobody can reach takes the listener's place under its
// number, and libmilter goes on serving what is open.
void Listener::drain() {
  dup3(nowhere_.get(), fd_, O_CLOEXEC);
  remove_path();
}

void Listener::remove_path() {
  if (where_.kind == config::Listen::Kind::unix_socket && path_is_ours_) unlink(where_.path.c_str());
  path_is_ours_ = false;
}

}  // namespace postern
