#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/redis_server.h"
#include "tests/wire/daemon.h"

namespace postern::test {

/// Several daemons that count in one Redis.
class Fleet {
 public:
  struct Setup {
    int nodes = 2;
    std::string store;   ///< keys of `store:` behind `type: redis, nodes: N`; empty: each in memory
    std::string limits;  ///< the section
    std::string rules = "  - {name: over, when: limit.user is over, defer: true}\n";
    bool wait_until_well = true;  ///< until all have their Redis
  };
  explicit Fleet(const Setup& setup);

  std::size_t size() const { return nodes_.size(); }
  Daemon& node(std::size_t i) { return *nodes_[i]; }
  const Daemon& node(std::size_t i) const { return *nodes_[i]; }

  /// What `limits show KEY` of a node says of the limit `user`; -1 where it knows none.
  struct Shown {
    std::int64_t used = -1, reserved = -1;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  Shown show(std::size_t node, const std::string& key) const;
  /// Whether every node comes to show this.
  bool all_show(const std::string& key, const Shown& shown, std::chrono::milliseconds patience = 10s) const;
  /// What the store of a node lacks, as `status` says; empty: nothing.
  std::string trouble(std::size_t node) const;
  /// Whether all nodes come to have their store.
  bool all_well(std::chrono::milliseconds patience = 20s) const;

 private:
  std::vector<std::unique_ptr<Daemon>> nodes_;
};

void PrintTo(const Fleet::Shown& shown, std::ostream* out);

/// The words of `store:` for a server.
std::string on(const RedisServer& server);

/// Who sends with one login through all nodes at once, two threads each: messages with one to three recipients, of which
/// some are aborted, some reset, and some cut off by the client.
class Senders {
 public:
  Senders(const Fleet& fleet, std::string login);
  ~Senders() { end(); }
  Senders(const Senders&) = delete;
  Senders& operator=(const Senders&) = delete;

  void begin();
  void end();
  /// begin(), until messages are refused by all nodes and nothing more is let through, end(). What has been admitted then.
  std::int64_t use_up();

  static constexpr int kMostPending = 2 * 3;  ///< recipients that one node may have reserved at a time

  std::int64_t admitted() const { return admitted_; }  ///< recipients of messages that were taken
  std::int64_t admitted_by(std::size_t node) const { return by_[node]; }
  int answers(char first) const;  ///< that began so: '4', '5'; 't' no answer in time
  std::chrono::milliseconds slowest() const { return slowest_.load(); }
  /// Answers that ought not be, with how often they came.
  std::string table() const;

 private:
  void send(std::size_t node, unsigned seed);
  int message(MilterClient& client, std::size_t node, unsigned dice);
  bool went(const std::string& answer, std::chrono::steady_clock::time_point begun);

  const Fleet& fleet_;
  const std::string login_;
  std::atomic<bool> ends_{true};
  std::atomic<std::int64_t> admitted_{0};
  std::array<std::atomic<std::int64_t>, 4> by_{};
  std::array<std::atomic<std::int64_t>, 4> tried_{};
  std::atomic<std::chrono::milliseconds> slowest_{0ms};
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, int> texts_;
  std::vector<std::thread> threads_;
};

/// One message of one recipient through a node: `accept`, or the first answer that is a refusal.
std::string send_one(const Fleet& fleet, std::size_t node, const std::string& login,
                     const std::string& recipient = "<b@far.example>");

}  // namespace postern::test
