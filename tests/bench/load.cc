#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>

namespace postern::bench {

namespace {

using Time = std::chrono::steady_clock::time_point;
Time now() { return std::chrono::steady_clock::now(); }

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Address parse_address(const std::string& text) {
  Address result;
  if (text.starts_with("unix:") && text.size() - 5 < sizeof sockaddr_un{}.sun_path) {
    auto* address = reinterpret_cast<sockaddr_un*>(&result.storage);
    address->sun_family = AF_UNIX;
    std::memcpy(address->sun_path, text.c_str() + 5, text.size() - 4);
    result.length = sizeof *address;
    return result;
  }
  const auto at = text.find('@');
  auto* address = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (!text.starts_with("inet:") || at == std::string::npos || inet_pton(AF_INET, text.c_str() + at + 1, &address->sin_addr) != 1) {
    throw std::runtime_error("no address like unix:/path or inet:port@127.0.0.1: " + text);
  }
  address->sin_family = AF_INET;
  address->sin_port = htons(static_cast<std::uint16_t>(std::stoi(text.substr(5, at - 5))));
  result.length = sizeof *address;
  return result;
}

int connect_to(const Address& address) {
  const int descriptor = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int yes = 1;
  if (address.storage.ss_family == AF_INET) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length) < 0) {
    close(descriptor);
    fail("connect");
  }
  return descriptor;
}

std::string verdict_name(const Packet& packet) {
  switch (packet.command) {
    case 'c': return "continue";
    case 'a': return "accept";
    case 'd': return "discard";
    case 'r': return "reject";
    case 't': return "tempfail";
    case 'y': return packet.data.starts_with('4') ? "tempfail" : "reject";
    default: return "other";
  }
}

/// One connection and where it stands in its dialogue.
class Dialogue {
 public:
  explicit Dialogue(int descriptor) : descriptor_(descriptor) {}
  ~Dialogue() { close(descriptor_); }
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  int descriptor() const { return descriptor_; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Reads what is there; false at the end of the connection.
  bool receive(std::string& into) const {
    char buffer[16384];
    const ssize_t got = recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  std::vector<std::string> script;  ///< bursts of this connection, or of this message
  std::size_t next = 0;
  std::size_t messages = 0;        ///< finished on this connection
  std::size_t message_begin = 0;   ///< index in `script`
  bool negotiated = false;
  std::string input;
  Time began;

 private:
  int descriptor_;
};

class Loop {
 public:
  explicit Loop(const Load& load) : load_(load), address_(parse_address(load.address)), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_ < 0) fail("epoll_create1");
  }
  ~Loop() { close(poll_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Measured run() {
    for (std::size_t i = 0; i < load_.sessions; ++i) open(i);
    std::vector<epoll_event> events(load_.sessions);
    while (open_ > 0) {
      const int ready = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 30'000);
      if (ready < 0 && errno != EINTR) fail("epoll_wait");
      if (ready == 0) throw std::runtime_error("the milter has not answered for 30 s");
      for (int i = 0; i < ready; ++i) readable(events[static_cast<std::size_t>(i)].data.u64);
    }
    measured_.seconds = std::chrono::duration<double>(now() - measure_began_).count();
    if (load_.pid > 0) measured_.cpu_seconds = cpu_seconds(load_.pid) - cpu_began_;
    std::sort(measured_.microseconds.begin(), measured_.microseconds.end());
    return std::move(measured_);
  }

 private:
  void open(std::size_t slot) {
    if (dialogues_.size() <= slot) dialogues_.resize(slot + 1);
    dialogues_[slot] = std::make_unique<Dialogue>(connect_to(address_));
    ++open_;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = slot;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, dialogues_[slot]->descriptor(), &event) < 0) fail("epoll_ctl");
    dialogues_[slot]->send(negotiation(load_.offered_actions, load_.offered_steps));
  }

  void shut(std::size_t slot) {
    dialogues_[slot].reset();
    --open_;
    if (done_ + open_ < load_.warm_up + load_.messages) open(slot);
  }

  void readable(std::size_t slot) {
    Dialogue& dialogue = *dialogues_[slot];
    if (!dialogue.receive(dialogue.input)) {
      ++measured_.broken;
      if (measured_.broken > 100) throw std::runtime_error("the milter keeps closing connections");
      return shut(slot);
    }
    while (auto answer = take_packet(dialogue.input)) {
      if (!take(dialogue, *answer)) return shut(slot);
    }
  }

  /// One answer; false when the connection is done with.
  bool take(Dialogue& dialogue, const Packet& answer) {
    if (answer.command == 'p') return true;
    if (!dialogue.negotiated) return begin(dialogue, answer);
    const std::string verdict = verdict_name(answer);
    if (verdict == "other") return true;  // an edit before the verdict
    const bool last = dialogue.next == dialogue.script.size();
    if (!last && verdict == "continue") {
      advance(dialogue);
      return true;
    }
    return finish(dialogue, verdict, last);
  }

  bool begin(Dialogue& dialogue, const Packet& answer) {
    const auto negotiated = parse_negotiation(answer);
    if (!negotiated) throw std::runtime_error("the milter's negotiation cannot be understood");
    if (first_.empty()) {
      measured_.negotiated = *negotiated;
      const Script opened = opening(*negotiated, load_.mail);
      message_ = message(*negotiated, load_.mail).bursts;
      first_ = opened.bursts;
      first_.insert(first_.end(), message_.begin(), message_.end());
      first_[opened.bursts.size()].insert(0, opened.rest);
      opening_bursts_ = opened.bursts.size();
    }
    dialogue.negotiated = true;
    dialogue.script = first_;
    dialogue.message_begin = opening_bursts_;
    advance(dialogue);
    return true;
  }

  void advance(Dialogue& dialogue) {
    if (dialogue.next == dialogue.message_begin) dialogue.began = now();
    dialogue.send(dialogue.script[dialogue.next++]);
  }

  bool finish(Dialogue& dialogue, const std::string& verdict, bool at_end) {
    ++done_;
    ++dialogue.messages;
    if (done_ == load_.warm_up) start_measuring();
    if (done_ > load_.warm_up) {
      ++measured_.messages;
      ++measured_.verdicts[verdict];
      measured_.microseconds.push_back(std::chrono::duration<float, std::micro>(now() - dialogue.began).count());
    }
    if (dialogue.messages >= load_.per_connection || done_ + open_ > load_.warm_up + load_.messages) {
      dialogue.send(packet('Q', {}));
      return false;
    }
    if (!at_end) dialogue.send(packet('A', {}));
    dialogue.script = message_;
    dialogue.message_begin = dialogue.next = 0;
    advance(dialogue);
    return true;
  }

  void start_measuring() {
    measure_began_ = now();
    cpu_began_ = load_.pid > 0 ? cpu_seconds(load_.pid) : 0;
  }

  const Load& load_;
  Address address_;
  int poll_;
  std::vector<std::unique_ptr<Dialogue>> dialogues_;
  std::size_t open_ = 0;
  std::size_t done_ = 0;
  std::vector<std::string> first_, message_;  ///< bursts of a new connection with its first message; of a further message
  std::size_t opening_bursts_ = 0;
  Time measure_began_ = now();
  double cpu_began_ = 0;
  Measured measured_;
};

}  // namespace

double cpu_seconds(int pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) throw std::runtime_error("no such process");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Measured run(const Load& load) { return Loop(load).run(); }

}  // namespace postern::bench
