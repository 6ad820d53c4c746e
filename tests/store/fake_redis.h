#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/store/redis/options.h"

namespace postern::store {

/// Listens on a loopback port and answers each command, whose words are given, with whatever bytes it is told to.
class FakeRedis {
 public:
  using Answer = std::function<std::string(const std::vector<std::string>& words)>;

  explicit FakeRedis(Answer answer) : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~FakeRedis() {
    ending_ = true;
    thread_.join();
    ::close(listener_);
  }

  redis::Server server() const { return {.host = "127.0.0.1", .port = port_, .path = {}}; }
  int connections() const { return connections_; }
  /// What a server says while it is greeted, as a master; "" for other commands.
  static std::string greeting(const std::vector<std::string>& words) {
    if (words[0] == "ROLE") return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] == "AUTH" || words[0] == "SELECT") return "+OK\r\n";
    return {};
  }

 private:
  struct Client {
    int fd;
    std::string in;
  };

  void run() {
    std::vector<Client> clients;
    while (!ending_) {
      std::vector<pollfd> fds{{listener_, POLLIN, 0}};
      for (const Client& client : clients) fds.push_back({client.fd, POLLIN, 0});
      if (::poll(fds.data(), fds.size(), 10) <= 0) continue;
      for (std::size_t i = clients.size(); i-- > 0;) {
        if (fds[i + 1].revents == 0 || serve(clients[i])) continue;
        ::close(clients[i].fd);
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (fds[0].revents == 0) continue;
      clients.push_back({::accept(listener_, nullptr, nullptr), {}});
      ++connections_;
    }
    for (const Client& client : clients) ::close(client.fd);
  }

  bool serve(Client& client) {
    char buffer[65536];
    const ssize_t got = ::recv(client.fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    client.in.append(buffer, static_cast<std::size_t>(got));
    for (std::vector<std::string> words; take(client.in, words);) {
      const std::string answer = answer_(words);
      if (!answer.empty()) ::send(client.fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    return true;
  }

  static bool take(std::string& in, std::vector<std::string>& words) {
    words.clear();
    std::size_t at = 0;
    const auto number = [&](char kind, std::size_t& value) {
      const std::size_t end = in.find("\r\n", at);
      if (end == std::string::npos || in[at] != kind) return false;
      value = std::stoul(in.substr(at + 1, end - at - 1));
      at = end + 2;
      return true;
    };
    std::size_t count = 0;
    std::size_t size = 0;
    if (in.empty() || !number('*', count)) return false;
    for (std::size_t i = 0; i < count; ++i) {
      if (at >= in.size() || !number('$', size) || in.size() < at + size + 2) return false;
      words.push_back(in.substr(at, size));
      at += size + 2;
    }
    in.erase(0, at);
    return true;
  }

  const Answer answer_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace postern::store
