#include "tests/support/scripted_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/dns_script.h"

namespace postern::test {

namespace {

using namespace std::chrono_literals;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t bound_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool bind_to(int fd, std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

struct ScriptedDns::State {
  struct Pending {
    std::string bytes;
    sockaddr_in to{};
    std::uint64_t connection = 0;  // 0: UDP
    bool elsewhere = false;
  };
  struct Connection {
    Descriptor fd;
    std::string input;
  };

  State(std::string_view text, std::uint16_t wanted) : script(std::make_shared<const DnsScript>(text)) {
    for (int attempt = 0; attempt < 50; ++attempt) {  // a port that is free for both
      udp = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      tcp = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int on = 1;
      setsockopt(tcp.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      const int buffer = 1 << 20;
      setsockopt(udp.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
      if (bind_to(udp.get(), wanted) && bind_to(tcp.get(), bound_port(udp.get())) && listen(tcp.get(), 64) == 0) break;
      if (wanted != 0 || attempt == 49) throw std::runtime_error("no port for the name server");
    }
    other = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    bind_to(other.get(), 0);
    stop = Descriptor(eventfd(0, EFD_CLOEXEC));
    server = std::thread([this] { run(); });
  }

  ~State() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop.get(), &one, sizeof one);
    server.join();
  }

  void run() {
    for (;;) {
      std::vector<pollfd> watched{{stop.get(), POLLIN, 0}, {udp.get(), POLLIN, 0}, {tcp.get(), POLLIN, 0}};
      std::vector<std::uint64_t> ids;
      for (const auto& [id, connection] : connections) {
        watched.push_back({connection.fd.get(), POLLIN, 0});
        ids.push_back(id);
      }
      int wait = -1;
      if (!pending.empty()) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(pending.begin()->first - std::chrono::steady_clock::now());
        wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
      }
      poll(watched.data(), watched.size(), wait);
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0) read_udp();
      if (watched[2].revents != 0) {
        Descriptor accepted(accept4(tcp.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted.get() >= 0) connections.emplace(++last_connection, Connection{std::move(accepted), {}});
      }
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (watched[i + 3].revents != 0) read_tcp(ids[i]);
      }
      const auto now = std::chrono::steady_clock::now();
      while (!pending.empty() && pending.begin()->first <= now) {
        send_now(pending.begin()->second);
        pending.erase(pending.begin());
      }
    }
  }

  void read_udp() {
    std::array<char, 4096> buffer{};
    for (;;) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n =
          recvfrom(udp.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      take({buffer.data(), static_cast<std::size_t>(n)}, Pending{{}, from, 0});
    }
  }

  void read_tcp(std::uint64_t id) {
    Connection& connection = connections.at(id);
    std::array<char, 4096> buffer{};
    const ssize_t n = recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) {
      connections.erase(id);
      return;
    }
    connection.input.append(buffer.data(), static_cast<std::size_t>(n));
    while (connection.input.size() >= 2 && connection.input.size() >= 2 + get16(connection.input, 0)) {
      const std::string message = connection.input.substr(2, get16(connection.input, 0));
      connection.input.erase(0, message.size() + 2);
      ++over_tcp;
      take(message, Pending{{}, {}, id});
    }
  }

  void take(std::string_view message, Pending reply) {
    const auto question = DnsScript::question(message);
    if (!question) return;
    std::shared_ptr<const DnsScript> now;
    {
      const std::lock_guard lock(mutex);
      ++names[question->name];
      ++all;
      now = script;
      if (silent) return;
    }
    auto said = now->reply(message, *question, reply.connection != 0);
    if (!said) return;
    if (reply.connection == 0) forge(*said, reply.to);
    if (reply.connection != 0) put16(reply.bytes, static_cast<unsigned>(said->bytes.size()));
    reply.bytes += said->bytes;
    reply.elsewhere = said->elsewhere;
    if (said->delay == 0ms)
      send_now(reply);
    else
      pending.emplace(std::chrono::steady_clock::now() + said->delay, std::move(reply));
  }

  void forge(const DnsScript::Reply& said, const sockaddr_in& to) {
    const auto send = [&](int from, const std::string& bytes) {
      sendto(from, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
      ++forgeries;
    };
    std::string forged = said.forged;
    switch (said.forger) {
      case DnsScript::Forger::none: break;
      case DnsScript::Forger::knows_all: send(udp.get(), forged); break;
      case DnsScript::Forger::wrong_source:
        for (int i = 0; i < 1000; ++i) send(other.get(), forged);
        break;
      case DnsScript::Forger::every_id:
        for (unsigned id = 0; id < 0x10000; ++id) {
          if (id == get16(said.forged, 0)) continue;
          forged[0] = static_cast<char>(id >> 8);
          forged[1] = static_cast<char>(id & 0xff);
          send(udp.get(), forged);
        }
    }
  }

  void send_now(const Pending& reply) {
    if (reply.connection == 0) {
      sendto((reply.elsewhere ? other : udp).get(), reply.bytes.data(), reply.bytes.size(), 0,
             reinterpret_cast<const sockaddr*>(&reply.to), sizeof reply.to);
      return;
    }
    const auto found = connections.find(reply.connection);
    if (found != connections.end()) send(found->second.fd.get(), reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
  }

  mutable std::mutex mutex;
  std::shared_ptr<const DnsScript> script;
  std::map<std::string, std::size_t, std::less<>> names;
  std::size_t all = 0;
  bool silent = false;
  std::atomic<std::size_t> over_tcp{0};
  std::atomic<std::size_t> forgeries{0};

  Descriptor udp, tcp, other, stop;
  std::map<std::uint64_t, Connection> connections;  // the server thread's alone, as is what follows
  std::uint64_t last_connection = 0;
  std::multimap<std::chrono::steady_clock::time_point, Pending> pending;
  std::thread server;
};

ScriptedDns::ScriptedDns(std::string_view script, std::uint16_t port) : state_(std::make_unique<State>(script, port)) {}
ScriptedDns::~ScriptedDns() = default;

std::uint16_t ScriptedDns::port() const { return bound_port(state_->udp.get()); }

void ScriptedDns::change(std::string_view script) {
  auto next = std::make_shared<const DnsScript>(script);
  const std::lock_guard lock(state_->mutex);
  state_->script = std::move(next);
}

void ScriptedDns::silence(bool on) {
  const std::lock_guard lock(state_->mutex);
  state_->silent = on;
}

std::size_t ScriptedDns::asked(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->names.find(name);
  return found == state_->names.end() ? 0 : found->second;
}

std::size_t ScriptedDns::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->all;
}

std::size_t ScriptedDns::asked_over_tcp() const { return state_->over_tcp; }

std::size_t ScriptedDns::forged() const { return state_->forgeries; }

}  // namespace postern::test
