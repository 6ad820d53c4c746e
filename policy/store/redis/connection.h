#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/store/redis/command.h"
#include "policy/store/redis/link.h"
#include "policy/store/redis/options.h"
#include "policy/store/redis/reply.h"

namespace postern::store::redis {

/// A Redis or Valkey: one Link, or with `cluster` one to each of the servers. All callers' commands share it
/// (pipelining). Never throws but for want of a thread. Thread-safe.
///
/// MOVED and ASK of a Cluster are followed to a server that stands in the configuration and nowhere else: what a server
/// says never makes us connect anywhere.
class Connection {
 public:
  /// An Error where the options cannot be meant, or the roots of TLS cannot be read. A server that is not there is no
  /// error. The counters outlive it.
  static Result<std::shared_ptr<Connection>> make(const Options& options, Counters& counters);
  /// Waits for what was told before, up to kLongestEnd, while there is a connection.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The reply to each command, in that order; Type::unavailable, and why, where there is none. Waits no longer than
  /// `deadline` and the time-out, and not at all while there is no connection.
  std::vector<Reply> ask(std::span<const Command> commands, const Deadline& deadline);
  /// ask() in two steps: once this is back, commands that are handed over later come after these,
  /// but for scripts that are told.
  std::shared_ptr<Asked> begin(std::span<const Command> commands);
  std::vector<Reply> await(Asked& asked, const Deadline& deadline);
  /// To be done once there is a connection, in the order of the calls; nobody hears of the reply. Never waits. Where too
  /// much is waiting, it is lost (redis.lost), as is a command that is not repeatable() when its connection is, or that can
  /// not be sent while it may be.
  void tell(std::span<const Command> commands);

  static constexpr std::chrono::seconds kLongestEnd{2};  // local

  Health health() const;
  const Options& options() const { return options_; }
  bool is_up() const;
  /// Another number after each connect: what was there before may have been forgotten.
  std::uint64_t generation() const;

 private:
  Connection(const Options& options, std::shared_ptr<const TlsContext> tls, Counters& counters);
  Link& link_of(const Command& command);
  void submit(std::span<const Command> commands, const std::shared_ptr<Asked>& asked);
  void redirect(Entry entry, const std::string& answer);

  const Options options_;
  Counter& not_followed_;
  std::vector<std::unique_ptr<Link>> links_;
  std::array<std::atomic<std::uint8_t>, kSlots> slots_{};  // of a Cluster: which link
};

/// Where an answer MOVED or ASK points, among the servers; their number where it is none of them.
std::size_t redirect_target(std::string_view answer, std::span<const Server> servers);

}  // namespace postern::store::redis
