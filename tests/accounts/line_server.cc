#include "tests/accounts/line_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

namespace postern::accounts {

namespace {

constexpr std::string_view kClose = "CLOSE";

void say(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

LineServer::LineServer(std::string path, std::string greeting, Respond respond)
    : path_(std::move(path)), greeting_(std::move(greeting)), respond_(std::move(respond)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path_.c_str());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  (void)::listen(listener_, 16);
  if (::pipe(stop_) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

LineServer::~LineServer() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
  ::unlink(path_.c_str());
}

void LineServer::serve() {
  std::map<int, std::string> clients;
  for (;;) {
    std::vector<pollfd> waits{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& client : clients) waits.push_back({client.first, POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) <= 0) continue;
    if (waits[0].revents != 0) break;
    if (waits[1].revents != 0) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      clients[fd] = "";
      say(fd, greeting_);
    }
    for (std::size_t i = 2; i < waits.size(); ++i) {
      if (waits[i].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t n = ::recv(waits[i].fd, buffer.data(), buffer.size(), 0);
      std::string answer(kClose);
      if (n > 0) answer = respond_(clients[waits[i].fd].append(buffer.data(), static_cast<std::size_t>(n)));
      const bool ends = answer.ends_with(kClose);
      say(waits[i].fd, std::string_view(answer).substr(0, answer.size() - (ends ? kClose.size() : 0)));
      if (!ends) continue;
      ::close(waits[i].fd);
      clients.erase(waits[i].fd);
    }
  }
  for (const auto& client : clients) ::close(client.first);
}

}  // namespace postern::accounts
