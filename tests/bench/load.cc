#include "tests/bench/load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "tests/bench/connection.h"
#include "tests/bench/process.h"

namespace postern::bench {

namespace {

using Time = std::chrono::steady_clock::time_point;
Time now() { return std::chrono::steady_clock::now(); }

std::string verdict_name(const Packet& packet) {
  switch (packet.command) {
    case 'c':
    case 's': return "continue";  // no more of this body is wanted; it has one chunk here
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
  const std::vector<Burst>* script = nullptr;  ///< of this connection's beginning, or of this message
  std::size_t next = 0;
  std::size_t message_begin = 0;  ///< index in `script`
  std::size_t messages = 0;       ///< finished on this connection
  bool idle = false;              ///< stands still after HELO
  bool negotiated = false;
  std::string input;
  std::string added;  ///< to this message
  Time began;         ///< of this message
  Time sent;          ///< of this burst
};

/// What is said for one Mail.
struct Lines {
  std::vector<Burst> opening;            ///< and nothing more
  std::string unanswered;                ///< what of the opening no answer ends
  std::vector<Burst> opening_and_first;  ///< with the first message
  std::vector<Burst> message;
};

Lines lines(const Negotiated& negotiated, const Mail& mail) {
  const Script opened = opening(negotiated, mail);
  Lines result{opened.bursts, opened.rest, opened.bursts, message(negotiated, mail).bursts};
  result.opening_and_first.insert(result.opening_and_first.end(), result.message.begin(), result.message.end());
  result.opening_and_first[opened.bursts.size()].bytes.insert(0, opened.rest);
  return result;
}

class Loop {
 public:
  explicit Loop(const Load& load) : load_(load), address_(load.address), poll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (poll_ < 0) fail("epoll_create1");
  }
  ~Loop() { close(poll_); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Measured run() {
    dialogues_.resize(load_.idle + load_.sessions);
    standing_ = 0;
    for (std::size_t i = 0; i < load_.idle; ++i) {
      open(i, true);
      while (standing_ <= i) wait();  // one after another: a listen queue is short
    }
    for (std::size_t i = load_.idle; i < dialogues_.size(); ++i) open(i, false);
    while (open_ > 0) wait();
    return std::move(measured_);
  }

 private:
  void wait() {
    epoll_event events[64];
    const int ready = epoll_wait(poll_, events, std::size(events), 30'000);
    if (ready < 0 && errno != EINTR) fail("epoll_wait");
    if (ready == 0) throw std::runtime_error("the milter has not answered for 30 s");
    for (int i = 0; i < ready; ++i) readable(events[i].data.u64);
  }

  void open(std::size_t slot, bool idle) {
    dialogues_[slot] = std::make_unique<Dialogue>(address_);
    dialogues_[slot]->idle = idle;
    if (!idle) ++open_;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = slot;
    if (epoll_ctl(poll_, EPOLL_CTL_ADD, dialogues_[slot]->connection.descriptor(), &event) < 0) fail("epoll_ctl");
    dialogues_[slot]->connection.send(negotiation(load_.offered_actions, load_.offered_steps));
  }

  void shut(std::size_t slot) {
    if (dialogues_[slot]->idle) throw std::runtime_error("the milter closes idle connections");
    dialogues_[slot].reset();
    --open_;
    if (done_ + open_ < load_.warm_up + load_.messages) open(slot, false);
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
    if (verdict == "other") {  // an edit before the verdict
      note(dialogue, answer);
      return true;
    }
    if (done_ >= load_.warm_up && !dialogue.idle) {
      const char command = (*dialogue.script)[dialogue.next - 1].command;
      measured_.steps[command].push_back(since(dialogue.sent));
    }
    const bool last = dialogue.next == dialogue.script->size();
    if (last && dialogue.idle) {
      dialogue.connection.send(lines_.front().unanswered);
      ++standing_;
      return true;
    }
    if (!last && verdict == "continue") {
      advance(dialogue);
      return true;
    }
    return finish(dialogue, verdict, last);
  }

  void note(Dialogue& dialogue, const Packet& edit) {
    std::string_view field = edit.data;
    if (edit.command == 'i' && field.size() > 4) field.remove_prefix(4);  // mfdef.h SMFIR_INSHEADER: the place
    if (edit.command != 'i' && edit.command != 'h') return;
    dialogue.added += field.substr(0, field.find('\0'));
    dialogue.added += ':';
    if (field.find('\0') != std::string_view::npos) field.remove_prefix(field.find('\0') + 1);
    dialogue.added += field.substr(0, field.find('\0'));
    dialogue.added += '\n';
  }

  bool begin(Dialogue& dialogue, const Packet& answer) {
    const auto negotiated = parse_negotiation(answer);
    if (!negotiated) throw std::runtime_error("the milter's negotiation cannot be understood");
    if (lines_.empty()) {
      measured_.negotiated = *negotiated;
      for (const Mail& mail : load_.mails) lines_.push_back(lines(*negotiated, mail));
    }
    const Lines& mine = next_lines();
    dialogue.negotiated = true;
    dialogue.script = dialogue.idle ? &mine.opening : &mine.opening_and_first;
    dialogue.message_begin = mine.opening.size();
    if (dialogue.idle && mine.opening.empty()) {
      dialogue.connection.send(mine.unanswered);
      ++standing_;
      return true;
    }
    advance(dialogue);
    return true;
  }

  void advance(Dialogue& dialogue) {
    dialogue.sent = now();
    if (dialogue.next == dialogue.message_begin) dialogue.began = dialogue.sent;
    dialogue.connection.send((*dialogue.script)[dialogue.next++].bytes);
  }

  bool finish(Dialogue& dialogue, const std::string& verdict, bool at_end) {
    ++done_;
    ++dialogue.messages;
    measured_.added = std::exchange(dialogue.added, {});
    if (done_ == load_.warm_up) start_measuring();
    if (done_ > load_.warm_up) {
      ++measured_.messages;
      ++measured_.verdicts[verdict];
      measured_.whole.push_back(since(dialogue.began));
      if (measured_.messages == load_.messages) stop_measuring();
    }
    if (dialogue.messages >= load_.per_connection || done_ + open_ > load_.warm_up + load_.messages) {
      dialogue.connection.send(packet('Q', {}));
      return false;
    }
    if (!at_end) dialogue.connection.send(packet('A', {}));
    dialogue.script = &next_lines().message;
    dialogue.message_begin = dialogue.next = 0;
    advance(dialogue);
    return true;
  }

  const Lines& next_lines() { return lines_[next_mail_++ % lines_.size()]; }

  static float since(Time began) { return std::chrono::duration<float, std::micro>(now() - began).count(); }

  void start_measuring() {
    measure_began_ = now();
    for (const int pid : load_.pids) measured_.cpu_seconds -= cpu_seconds(pid);
  }

  void stop_measuring() {
    measured_.seconds = std::chrono::duration<double>(now() - measure_began_).count();
    for (const int pid : load_.pids) {
      measured_.cpu_seconds += cpu_seconds(pid);
      measured_.pss_kib += pss_kib(pid);
      measured_.threads += threads(pid);
    }
    std::sort(measured_.whole.begin(), measured_.whole.end());
    for (auto& [command, times] : measured_.steps) std::sort(times.begin(), times.end());
  }

  const Load& load_;
  Address address_;
  int poll_;
  std::vector<std::unique_ptr<Dialogue>> dialogues_;
  std::size_t open_ = 0;      ///< without idle ones
  std::size_t standing_ = 0;  ///< idle ones past HELO
  std::size_t done_ = 0;
  std::vector<Lines> lines_;
  std::size_t next_mail_ = 0;
  Time measure_began_ = now();
  Measured measured_;
};

}  // namespace

Measured run(const Load& load) { return Loop(load).run(); }

}  // namespace postern::bench
