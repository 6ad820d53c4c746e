#include "policy/store/redis/link.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

#include "policy/store/redis/opening.h"

namespace postern::store::redis {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{50};        // local
constexpr milliseconds kLongestPause{2000};    // local
constexpr auto kWatchEvery = 1s;               // local: who has become a replica, or is gone, is noticed so soon
constexpr int kMostTries = 3;                  // local: of a command whose script is not there, or that is refused
constexpr std::size_t kMostOnWire = 1024;      // local: what Redis does within a part of the time-out
constexpr std::size_t kMostJoined = 32;        // local: keys of a script, so that others are served between
constexpr std::size_t kReadBytes = 16 * 1024;  // of Stream, at one time
constexpr std::size_t kMostReads = 16;         // before others have their turn

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

std::size_t weight_of(const Entry& entry) { return std::max<std::size_t>(1, entry.command.keys()); }

bool may_join(const Entry& first, const Entry& next) {
  const Command& a = first.command;
  const Command& b = next.command;
  if (a.script() == nullptr || a.script() != b.script() || a.keys() + b.keys() > kMostJoined) return false;
  if (first.told() != next.told() || a.repeats() != b.repeats() || first.again != next.again) return false;
  return first.tries == next.tries && (first.told() || (a.answer_bytes() > 0 && b.answer_bytes() > 0));
}

bool is_redirect(std::string_view error) { return error.starts_with("MOVED ") || error.starts_with("ASK "); }

}  // namespace

Link::Link(Options options, std::shared_ptr<const TlsContext> tls, Counters& counters, Redirect redirect)
    : options_(std::move(options)),
      tls_(std::move(tls)),
      redirect_(std::move(redirect)),
      connected_(counters.get("redis.connected")),
      dropped_(counters.get("redis.dropped")),
      lost_(counters.get("redis.lost")),
      refused_(counters.get("redis.refused")),
      garbage_(counters.get("redis.garbage")),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "postern-redis");
}

Link::~Link() {
  stop();
  ::close(wake_fd_);
}

void Link::stop() {
  stop_.raise();
  wake();
  if (thread_.joinable()) thread_.join();
}

void Link::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void Link::submit(std::vector<Entry> entries) {
  bool wakes = false;
  std::vector<Entry> refused;
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries) {
      const bool fits = queue_.size() < kMostQueued && queue_bytes_ + entry.command.size() <= kMostQueuedBytes;
      if (!fits || (state_ == State::down && !entry.told())) {
        refused.push_back(std::move(entry));
        continue;
      }
      queue_bytes_ += entry.command.size();
      queue_.push_back(std::move(entry));
    }
    wakes = sleeping_ && !queue_.empty();
    if (wakes) sleeping_ = false;  // one wakes it for all
  }
  if (wakes) wake();
  if (!refused.empty()) refuse(std::move(refused), "not connected, or too much is waiting");
}

void Link::refuse(std::vector<Entry> entries, const std::string& why) {
  for (Entry& entry : entries) {
    if (entry.asked) {
      refused_.add(entry.count());
      entry.answer(Reply::unavailable(why, entry.sent != SteadyTime{}));
    } else if (entry.told()) {
      lost_.add(entry.count());
    }
  }
}

Health Link::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void Link::run() {
  while (!stop_.raised()) {
    Opened opened = open_master(options_, tls_.get(), stop_);
    stream_ = std::move(opened.stream);
    problem_now_ = std::move(opened.problem);
    if (stream_) {
      reader_ = std::make_unique<ReplyReader>();
      now_ = steady_now();
      watch_at_ = now_ + kWatchEvery;
      connected_.add();
      {
        const std::lock_guard lock(mutex_);
        state_ = State::up;
        health_ = {true, std::move(opened.server), {}, health_.latency};
      }
      up_ = true;  // before it: whoever found it down, and is answered, sees another number
      ++generation_;
      try {
        serve();
      } catch (const std::bad_alloc&) {  // for what a server sends there may be none, and the next may be a better one
        problem_now_ = "no memory";
        taken_.clear();
        told_.clear();
      }
      problem_now_ = fmt::format("{}: {}", health().server, problem_now_);
      dropped_.add();
    }
    drop();
    pause();
  }
}

void Link::serve() {
  problem_now_.clear();
  while (problem_now_.empty()) {
    take();
    flush();
    if (problem_now_.empty()) wait();
    now_ = steady_now();
    if (stop_.raised()) problem_now_ = "it ends";
    if (problem_now_.empty() && (readable_ || more_to_read_)) read();
    if (problem_now_.empty() && now_ >= watch_at_) watch();
    if (problem_now_.empty() && !on_wire_.empty() && now_ >= on_wire_.front().sent + options_.timeout)
      problem_now_ = "no answer in time";  // those behind it cannot be told apart any more
  }
}

void Link::take() {
  {
    const std::lock_guard lock(mutex_);
    sleeping_ = queue_.empty();
    for (std::size_t room = kMostOnWire - std::min(kMostOnWire, weight_); !queue_.empty() && room > 0;) {
      room -= std::min(room, weight_of(queue_.front()));
      queue_bytes_ -= queue_.front().command.size();
      taken_.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  if (taken_.empty()) return;
  now_ = steady_now();
  join();
  for (Entry& entry : told_) send(std::move(entry));
  for (Entry& entry : taken_) send(std::move(entry));
  told_.clear();
  taken_.clear();
}

/// Runs of a script that stand together become one. Scripts that are told overtake what is asked, never the other way round:
/// who has told and then asks sees it done.
void Link::join() {
  if (redirect_) return;  // each key has its server
  std::vector<Entry> others;
  others.reserve(taken_.size());
  for (Entry& entry : taken_) {
    std::vector<Entry>& to = entry.told() && entry.command.script() != nullptr ? told_ : others;
    if (!to.empty() && may_join(to.back(), entry))
      to.back().join(std::move(entry));
    else
      to.push_back(std::move(entry));
  }
  taken_ = std::move(others);
}

void Link::send(Entry entry) {
  const auto waited = std::chrono::duration_cast<milliseconds>(now_ - entry.handed);
  if (entry.told() && entry.command.is_late(waited)) return lost_.add(entry.count());
  const Script* const script = entry.command.script();
  if (script != nullptr && std::find(loaded_.begin(), loaded_.end(), script) == loaded_.end()) {
    loaded_.push_back(script);  // once a connection; NOSCRIPT comes where somebody flushes them
    load(script);
  }
  entry.sent = now_;
  entry.command.append_to(out_, entry.again, waited);
  weight_ += weight_of(entry);
  on_wire_.push_back(std::move(entry));
}

void Link::flush() {
  if (out_.empty()) return;
  if (stream_->write(out_, now_ + options_.timeout) != Io::ok) problem_now_ = stream_->problem();
  out_.clear();
  if (out_.capacity() > kMostReplyBytes) out_.shrink_to_fit();
}

void Link::wait() {
  SteadyTime until = watch_at_;
  if (!on_wire_.empty()) until = std::min(until, on_wire_.front().sent + options_.timeout);
  const auto left = std::chrono::ceil<milliseconds>(until - steady_now()).count();
  std::array<pollfd, 2> fds{{{stream_->descriptor(), POLLIN, 0}, {wake_fd_, POLLIN, 0}}};
  poll(fds.data(), fds.size(), more_to_read_ ? 0 : static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000)));
  readable_ = fds[0].revents != 0;
  if (fds[1].revents == 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
}

void Link::read() {
  more_to_read_ = false;
  for (std::size_t i = 0; problem_now_.empty(); ++i) {
    if (more_to_read_ = i == kMostReads; more_to_read_) return;
    in_.clear();
    const Io io = stream_->read_now(in_);
    if (io == Io::timed_out) return;
    if (io != Io::ok) {
      problem_now_ = stream_->problem();
      return;
    }
    reader_->feed(in_);
    while (problem_now_.empty()) {
      std::optional<Reply> reply = reader_->next();
      if (!reply) break;
      settle(std::move(*reply));
    }
    if (!reader_->problem().empty()) {
      garbage_.add();
      problem_now_ = reader_->problem();
    }
    if (in_.size() < kReadBytes && !stream_->is_tls()) return;  // there is no more
  }
}

void Link::settle(Reply reply) {
  if (on_wire_.empty()) {
    garbage_.add();
    problem_now_ = "an answer that nobody asked for";
    return;
  }
  Entry entry = std::move(on_wire_.front());
  on_wire_.pop_front();
  weight_ -= weight_of(entry);
  switch (entry.kind) {
    case Entry::Kind::command: break;
    case Entry::Kind::redirect: return;
    case Entry::Kind::load:
      loading_.erase(loading_.begin());  // they are answered in this order
      if (reply.type == Reply::Type::error) problem_now_ = "it takes no script";
      return;
    case Entry::Kind::watch: {
      if (!is_master(reply)) problem_now_ = "it is no master any more";
      failures_ = 0;  // it has held for a while
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now_ - entry.sent);
      const std::lock_guard lock(mutex_);
      health_.latency = (health_.latency * 3 + took) / 4;
      return;
    }
  }
  if (reply.type == Reply::Type::error) return settle_error(std::move(entry), std::move(reply));
  entry.answer(std::move(reply));
}

void Link::settle_error(Entry entry, Reply reply) {
  if (reply.text.starts_with("NOSCRIPT") && entry.command.script() != nullptr && ++entry.tries <= kMostTries) {
    load(entry.command.script());
    return send(std::move(entry));
  }
  if (is_redirect(reply.text) && redirect_) return redirect_(std::move(entry), reply.text);
  if (const std::string_view word = unavailability(reply.text); !word.empty()) {
    problem_now_ = fmt::format("it answers {}", word);
    if (!entry.told() || ++entry.tries <= kMostTries) {
      entry.done = false;
      entry.sent = {};  // it is known not to be done
      on_wire_.push_front(std::move(entry));  // drop() keeps it for the next connection, or answers once it is down
      return;
    }
  }
  if (entry.told()) lost_.add(entry.count());
  entry.answer(std::move(reply));
}

void Link::load(const Script* script) {
  if (std::find(loading_.begin(), loading_.end(), script) != loading_.end()) return;
  loading_.push_back(script);
  send({.kind = Entry::Kind::load, .command = std::move(Command("SCRIPT").arg("LOAD").arg(script->text()))});
}

void Link::watch() {
  watch_at_ = now_ + kWatchEvery;
  send({.kind = Entry::Kind::watch, .command = Command("ROLE")});
}

/// Whoever asked is answered; what was told goes to the head of the queue where it may be sent again.
void Link::drop() {
  stream_.reset();
  reader_.reset();
  std::vector<Entry> refused;
  {
    const std::lock_guard lock(mutex_);
    state_ = State::down;
    sleeping_ = false;
    health_.connected = false;
    health_.problem = problem_now_;
    up_ = false;  // after it: whoever finds it down is told why
    std::deque<Entry> kept;
    for (Entry& entry : on_wire_) {
      const bool again = !entry.done || entry.command.repeats();
      if (entry.told() && again && queue_.size() + kept.size() < kMostQueued) {
        if (entry.done) entry.again = true;
        entry.done = true;
        kept.push_back(std::move(entry));
      } else {
        refused.push_back(std::move(entry));
      }
    }
    for (Entry& entry : queue_) {
      if (entry.told())
        kept.push_back(std::move(entry));
      else
        refused.push_back(std::move(entry));
    }
    queue_ = std::move(kept);
    queue_bytes_ = 0;
    for (const Entry& entry : queue_) queue_bytes_ += entry.command.size();
  }
  on_wire_.clear();
  weight_ = 0;
  out_.clear();
  loading_.clear();
  loaded_.clear();
  refuse(std::move(refused), problem_now_);
}

void Link::pause() {
  milliseconds pause = kFirstPause;
  for (int i = 0; i < failures_ && pause < kLongestPause; ++i) pause *= 2;
  pause = std::min(pause, kLongestPause);
  ++failures_;
  pause -= milliseconds(std::uniform_int_distribution<std::int64_t>(0, pause.count() / 2)(dice_));  // not all at once
  pollfd fd{stop_.descriptor(), POLLIN, 0};
  poll(&fd, 1, static_cast<int>(pause.count()));
}

}  // namespace postern::store::redis
