#include "tests/bench/load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <stdexcept>

#include "tests/bench/connection.h"

namespace postern::bench {

namespace {

using Time = std::chrono::steady_clock::time_point;
Time now() { return std::chrono::steady_clock::now(); }

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
struct Dialogue {
  explicit Dialogue(const Address& address) : connection(address) {}

  Connection connection;
  std::vector<std::string> script;  ///< bursts of this connection, or of this message
  std::size_t next = 0;
  std::size_t messages = 0;       ///< finished on this connection
  std::size_t message_begin = 0;  ///< index in `script`
  bool negotiated = false;
  std::string input;
  Time began;
};

class Loop {
 public:
  explicit Loop(const Load& load) : load_(load), address_(load.address), poll_(epoll_create1(EPOLL_CLOEXEC)) {
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
    dialogues_[slot] = std::make_unique<Dialogue>(address_);
    ++open_;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = slot;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, dialogues_[slot]->connection.descriptor(), &event) < 0) fail("epoll_ctl");
    dialogues_[slot]->connection.send(negotiation(load_.offered_actions, load_.offered_steps));
  }

  void shut(std::size_t slot) {
    dialogues_[slot].reset();
    --open_;
    if (done_ + open_ < load_.warm_up + load_.messages) open(slot);
  }

  void readable(std::size_t slot) {
    Dialogue& dialogue = *dialogues_[slot];
    if (!dialogue.connection.receive(dialogue.input)) {
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
    dialogue.connection.send(dialogue.script[dialogue.next++]);
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
      dialogue.connection.send(packet('Q', {}));
      return false;
    }
    if (!at_end) dialogue.connection.send(packet('A', {}));
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
  /// bursts of a new connection with its first message; of a further message
  std::vector<std::string> first_, message_;
  std::size_t opening_bursts_ = 0;
  Time measure_began_ = now();
  double cpu_began_ = 0;
  Measured measured_;
};

}  // namespace

double cpu_seconds(int pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    throw std::runtime_error("no such process");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Measured run(const Load& load) { return Loop(load).run(); }

}  // namespace postern::bench
