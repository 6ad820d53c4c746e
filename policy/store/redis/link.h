#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/stream.h"
#include "policy/base/tls.h"
#include "policy/store/redis/entry.h"
#include "policy/store/redis/options.h"

namespace postern::store::redis {

/// How it stands with a Redis.
struct Health {
  bool connected = false;
  std::string server;   ///< the one that is connected, or was last
  std::string problem;  ///< why it is not connected; of a Cluster also where one server is not. No secrets
  std::chrono::microseconds latency{};  ///< of answers, averaged
};

/// One connection and its thread "postern-redis": sends what callers hand over in one write, and reads answers in the order
/// of the commands; runs of one script become one where they wait together. Where an answer does not come within the time-out, is not of the protocol, or says that the server
/// cannot be used, the connection is dropped, and made anew after 50 ms … 2 s (with jitter); meanwhile asking is refused
/// at once, which is the breaker. Who is told waits for the next connection, within limits. Thread-safe.
class Link {
 public:
  /// Takes an entry whose answer is MOVED or ASK, on the thread of the link: sends it on, or answers it.
  using Redirect = std::function<void(Entry entry, const std::string& answer)>;

  /// `options` and `tls` outlive it, as do the counters.
  Link(Options options, std::shared_ptr<const TlsContext> tls, Counters& counters, Redirect redirect);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Hands commands over; never waits. Those that are refused are answered (asked), or counted as lost (told).
  void submit(std::vector<Entry> entries);
  /// Ends the connection and the thread, for good: what comes later is refused.
  void stop();
  Health health() const;
  /// How many connections there have been.
  std::uint64_t generation() const { return generation_; }
  bool is_up() const { return up_; }

  static constexpr std::size_t kMostQueued = 65'536;                      // local
  static constexpr std::size_t kMostQueuedBytes = std::size_t{64} << 20;  // local

 private:
  enum class State { starting, up, down };

  void run();
  void serve();  // until the connection is to be dropped: problem_now_
  void take();   // from the queue to the wire
  void join();
  void send(Entry entry);  // puts it at the end of what is on the wire
  void flush();
  void read();
  void settle(Reply reply);
  void settle_error(Entry entry, Reply reply);
  void load(const Script* script);
  void watch();
  void wait();   // for the socket, or for commands
  void pause();  // before the next connection
  void drop();
  void refuse(std::vector<Entry> entries, const std::string& why);
  void wake();

  const Options options_;
  const std::shared_ptr<const TlsContext> tls_;
  const Redirect redirect_;
  Counter& connected_;
  Counter& dropped_;
  Counter& lost_;
  Counter& refused_;
  Counter& garbage_;
  Interrupt stop_;
  const int wake_fd_;

  mutable std::mutex mutex_;  // guards what follows
  std::deque<Entry> queue_;
  std::size_t queue_bytes_ = 0;
  State state_ = State::starting;
  bool sleeping_ = false;
  Health health_;

  std::atomic<bool> up_{false};
  std::atomic<std::uint64_t> generation_{0};

  // Of the thread alone:
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<ReplyReader> reader_;
  std::deque<Entry> on_wire_;
  std::string out_;
  std::string in_;
  std::vector<const Script*> loaded_;   // sent on this connection
  std::vector<const Script*> loading_;  // … and not answered yet
  std::vector<Entry> taken_;
  std::vector<Entry> told_;  // of them: scripts
  std::size_t weight_ = 0;   // of what is on the wire, in keys
  std::string problem_now_;
  SteadyTime now_{};
  SteadyTime watch_at_{};
  bool readable_ = false;
  bool more_to_read_ = false;
  std::minstd_rand dice_{std::random_device{}()};
  int failures_ = 0;

  std::thread thread_;
};

}  // namespace postern::store::redis
