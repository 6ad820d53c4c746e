#include "milter/admin/control_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "milter/connect.h"

namespace postern {

namespace {

constexpr std::size_t kMaxCommandBytes = 2000;                // local: a request in JSON
constexpr std::size_t kMaxAnswerBytes = 4UL << 20U;           // local: a client believes no daemon that says more
constexpr std::chrono::milliseconds kClientPatience{2000};    // for a command to come, and an answer to be taken
constexpr std::chrono::milliseconds kDaemonPatience{30'000};  // a reload of a large configuration takes its time

// One line without its end; nothing when it did not come in time, or is too long.
std::optional<std::string> read_line(int fd, std::size_t most, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string line;
  std::array<char, 4096> bytes{};
  while (line.size() <= most) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{fd, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return std::nullopt;
    const ssize_t count = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
    if (count < 0) continue;
    line.append(bytes.data(), static_cast<std::size_t>(count));
    if (const std::size_t end = line.find('\n'); end != std::string::npos && end <= most) return line.substr(0, end);
  }
  return std::nullopt;
}

bool write_all(int fd, std::string_view text, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!text.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{fd, POLLOUT, 0};
    if (left <= 0 || poll(&ready, 1, static_cast<int>(left)) <= 0) return false;
    const ssize_t count = send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::string& path) {
  Result<FileDescriptor> lock = claim_socket_path(path);
  if (!lock) return lock.error();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{fmt::format("{}: longer than a socket's path can be", path), {}};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketMode mode(0660);
  const bool open = socket && bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    listen(socket.get(), 16) == 0;
  if (!open) return Error{fmt::format("{}: {}", path, std::strerror(errno)), {}};
  FileDescriptor end(eventfd(0, EFD_CLOEXEC));
  return std::unique_ptr<ControlSocket>(new ControlSocket(path, std::move(*lock), std::move(socket), std::move(end)));
}

ControlSocket::~ControlSocket() {
  eventfd_write(end_.get(), 1);
  if (thread_.joinable()) thread_.join();
  unlink(path_.c_str());
}

void ControlSocket::start(Serve serve, Counters& counters) {
  thread_ = std::thread([this, serve = std::move(serve), &counters] { run(serve, counters); });
  pthread_setname_np(thread_.native_handle(), "postern-control");
}

void ControlSocket::run(const Serve& serve, Counters& counters) {
  for (;;) {
    std::array<pollfd, 2> ready{{{end_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) return;
    if (ready[1].revents == 0) continue;
    const FileDescriptor client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // out of descriptors: not in a circle
      continue;
    }
    const std::optional<std::string> command = read_line(client.get(), kMaxCommandBytes, kClientPatience);
    if (!command) {
      counters.get("control.bad_requests").add();
      continue;
    }
    std::string answer;
    try {
      answer = serve(*command);
    } catch (const std::exception& e) {
      counters.get("control.faults").add();
    }
    if (answer.empty()) answer = R"({"error":"unknown command"})";
    write_all(client.get(), answer + "\n", kClientPatience);
  }
}

Result<std::string> ask_daemon(const std::string& path, std::string_view command) {
  const FileDescriptor daemon(connect_to(path, true));
  if (!daemon) {
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
    return Error{fmt::format("{}: {}", path, nobody ? "no postern is running there" : std::strerror(errno)), {}};
  }
  if (!write_all(daemon.get(), std::string(command) + "\n", kClientPatience))
    return Error{fmt::format("{}: does not take the command", path), {}};
  std::optional<std::string> answer = read_line(daemon.get(), kMaxAnswerBytes, kDaemonPatience);
  if (!answer) return Error{fmt::format("{}: gives no answer", path), {}};
  return *std::move(answer);
}

}  // namespace postern
