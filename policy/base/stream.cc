#include "policy/base/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace postern {

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;  // local: at one time

std::string words(int error) { return std::generic_category().message(error); }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress out;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  }
  return out;
}

// Until a descriptor is ready; interrupt_fd may be -1, which poll() passes over.
Io wait_ready(int fd, short events, SteadyTime until, int interrupt_fd) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    std::array<pollfd, 2> fds{{{fd, events, 0}, {interrupt_fd, POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (ready < 0 && errno != EINTR) return Io::failed;
    if (fds[1].revents != 0) return Io::interrupted;
    if (ready > 0 && fds[0].revents != 0) return Io::ok;
    if (ready >= 0 && left <= 0) return Io::timed_out;
  }
}

Connection open(int family, const sockaddr* address, socklen_t size, SteadyTime until, const Interrupt* interrupt) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return {nullptr, Io::failed, words(errno)};
  auto stream = std::make_unique<Stream>(fd, interrupt);
  if (::connect(fd, address, size) == 0) return {std::move(stream), Io::ok, {}};
  if (errno != EINPROGRESS && errno != EINTR) return {nullptr, Io::failed, words(errno)};
  const Io waited = wait_ready(fd, POLLOUT, until, interrupt != nullptr ? interrupt->descriptor() : -1);
  if (waited != Io::ok) return {nullptr, waited, std::string(name(waited))};
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return {nullptr, Io::failed, words(error)};
  return {std::move(stream), Io::ok, {}};
}

}  // namespace

Interrupt::Interrupt() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Interrupt::~Interrupt() { ::close(fd_); }

void Interrupt::raise() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);  // full only when it is raised already
}

bool Interrupt::raised() const {
  pollfd fd{fd_, POLLIN, 0};
  return poll(&fd, 1, 0) > 0;
}

std::string_view name(Io io) {
  switch (io) {
    case Io::ok: return "ok";
    case Io::timed_out: return "timed out";
    case Io::closed: return "closed by the peer";
    case Io::failed: return "failed";
    case Io::interrupted: return "interrupted";
  }
  return "";
}

Connection Stream::connect(const IpAddress& address, std::uint16_t port, SteadyTime until, const Interrupt* interrupt) {
  const SocketAddress to = socket_address(address, port);
  Connection made =
      open(to.storage.ss_family, reinterpret_cast<const sockaddr*>(&to.storage), to.size, until, interrupt);
  if (made.stream) {
    const int on = 1;
    setsockopt(made.stream->fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return made;
}

Connection Stream::connect_unix(const std::string& path, SteadyTime until, const Interrupt* interrupt) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof to.sun_path || path.find('\0') != std::string::npos)
    return {nullptr, Io::failed, "no path of a socket"};
  std::memcpy(to.sun_path, path.data(), path.size());
  return open(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to, until, interrupt);
}

Stream::Stream(int fd, const Interrupt* interrupt) : fd_(fd), interrupt_(interrupt) {}

Stream::~Stream() {
  if (tls_) {
    tls_->close();
    const std::string goodbye = tls_->outgoing();
    ::send(fd_, goodbye.data(), goodbye.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  ::close(fd_);
}

Io Stream::fail(Io io, std::string why) {
  problem_ = std::move(why);
  return io;
}

Io Stream::wait_for(short events, SteadyTime until) {
  const Io waited = wait_ready(fd_, events, until, interrupt_ != nullptr ? interrupt_->descriptor() : -1);
  return waited == Io::ok ? Io::ok : fail(waited, std::string(name(waited)));
}

Io Stream::send_raw(std::string_view bytes, SteadyTime until) {
  while (!bytes.empty()) {
    if (const Io waited = wait_for(POLLOUT, until); waited != Io::ok) return waited;
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EAGAIN || errno == EINTR) continue;
    return fail(errno == EPIPE || errno == ECONNRESET ? Io::closed : Io::failed, words(errno));
  }
  return Io::ok;
}

Io Stream::receive_raw(std::string& bytes, SteadyTime until, bool waits) {
  for (;;) {
    if (waits) {
      if (const Io waited = wait_for(POLLIN, until); waited != Io::ok) return waited;
    }
    std::array<char, kReadBytes> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      bytes.append(buffer.data(), static_cast<std::size_t>(got));
      return Io::ok;
    }
    if (got == 0) return fail(Io::closed, "closed by the peer");
    if (errno == EAGAIN && !waits) return Io::timed_out;
    if (errno == EAGAIN || errno == EINTR) continue;
    return fail(errno == ECONNRESET ? Io::closed : Io::failed, words(errno));
  }
}

// At least one byte more in unread_.
Io Stream::fill(SteadyTime until, bool waits) {
  if (!tls_) return receive_raw(unread_, until, waits);
  for (;;) {
    const TlsSession::Step step = tls_->read(unread_);
    const std::string answer = tls_->outgoing();  // of a key update
    if (const Io sent = send_raw(answer, until); sent != Io::ok) return sent;
    switch (step) {
      case TlsSession::Step::done: return Io::ok;
      case TlsSession::Step::closed: return fail(Io::closed, "closed by the peer");
      case TlsSession::Step::failed: return fail(Io::failed, tls_->problem());
      case TlsSession::Step::want_more: break;
    }
    std::string cipher;
    if (const Io got = receive_raw(cipher, until, waits); got != Io::ok) return got;
    tls_->incoming(cipher);
  }
}

Io Stream::write(std::string_view bytes, SteadyTime until) {
  if (!tls_) return send_raw(bytes, until);
  if (tls_->write(bytes) != TlsSession::Step::done) return fail(Io::failed, tls_->problem());
  return send_raw(tls_->outgoing(), until);
}

Io Stream::read(std::string& bytes, std::size_t most, SteadyTime until) {
  if (unread_.empty()) {
    if (const Io got = fill(until, true); got != Io::ok) return got;
  }
  bytes = unread_.substr(0, most);
  unread_.erase(0, bytes.size());
  return Io::ok;
}

Io Stream::read_now(std::string& bytes) {
  if (unread_.empty()) {
    if (const Io got = fill(std::chrono::steady_clock::now(), false); got != Io::ok) return got;
  }
  bytes += unread_;
  unread_.clear();
  return Io::ok;
}

Io Stream::read_line(std::string& line, std::size_t most, SteadyTime until) {
  for (std::size_t seen = 0;;) {
    const std::size_t end = unread_.find('\n', seen);
    const bool whole = end != std::string::npos;
    if ((whole ? end + 1 : unread_.size()) > most) return fail(Io::failed, "a line is too long");
    if (whole) {
      line = unread_.substr(0, end + 1);
      unread_.erase(0, end + 1);
      return Io::ok;
    }
    seen = unread_.size();
    if (const Io got = fill(until, true); got != Io::ok) return got;
  }
}

bool Stream::has_more() {
  if (!unread_.empty()) return true;
  return fill(std::chrono::steady_clock::now(), false) != Io::timed_out;
}

Io Stream::start_tls(const TlsContext& context, const std::string& server_name, SteadyTime until) {
  if (tls_) return fail(Io::failed, "TLS has begun already");
  if (has_more()) return fail(Io::failed, "something came before the TLS handshake");
  auto session = std::make_unique<TlsSession>(context, server_name);
  for (;;) {
    const TlsSession::Step step = session->handshake();
    const Io sent = send_raw(session->outgoing(), until);
    if (step == TlsSession::Step::done && sent == Io::ok) break;
    if (step == TlsSession::Step::failed) return fail(Io::failed, session->problem());
    if (step == TlsSession::Step::closed) return fail(Io::closed, "closed by the peer");
    if (sent != Io::ok) return sent;
    std::string cipher;
    if (const Io got = receive_raw(cipher, until, true); got != Io::ok) return got;
    session->incoming(cipher);
  }
  tls_ = std::move(session);
  return Io::ok;
}

}  // namespace postern
