#include "tests/bench/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace postern::bench {

void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

Address::Address(const std::string& text) {
  if (text.starts_with("unix:") && text.size() - 5 < sizeof sockaddr_un{}.sun_path) {
    auto* address = reinterpret_cast<sockaddr_un*>(&storage_);
    address->sun_family = AF_UNIX;
    std::memcpy(address->sun_path, text.c_str() + 5, text.size() - 4);
    length_ = sizeof *address;
    return;
  }
  const auto at = text.find('@');
  auto* address = reinterpret_cast<sockaddr_in*>(&storage_);
  if (!text.starts_with("inet:") || at == std::string::npos ||
      inet_pton(AF_INET, text.c_str() + at + 1, &address->sin_addr) != 1) {
    throw std::runtime_error("no address like unix:/path or inet:port@127.0.0.1: " + text);
  }
  address->sin_family = AF_INET;
  address->sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(5, at - 5))));
  length_ = sizeof *address;
}

Connection::Connection(const Address& address) : descriptor_(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (descriptor_ < 0) fail("socket");
  const int yes = 1;
  if (address.family() == AF_INET) setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(descriptor_, address.get(), address.length()) < 0) {
    const int reason = errno;
    close(descriptor_);
    errno = reason;
    fail("connect");
  }
}

Connection::~Connection() { close(descriptor_); }

void Connection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Connection::receive(std::string& into) const {
  char buffer[16384];
  const ssize_t got = recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return true;
  if (got <= 0) return false;
  into.append(buffer, static_cast<std::size_t>(got));
  return true;
}

}  // namespace postern::bench
