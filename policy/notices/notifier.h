#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/log.h"
#include "policy/notices/incident.h"
#include "policy/store/store.h"

namespace postern::notices {

/// How people are told.
struct NotifyOptions {
  struct Mail {
    std::string server = "127.0.0.1";  ///< an address; port 25 unless said
    std::uint16_t port = 25;
    std::string from;      ///< sender and author; the reverse-path is null, so that nothing comes back
    std::string hostname;  ///< for EHLO
    friend bool operator==(const Mail&, const Mail&) = default;
  };
  Mail mail;
  std::string postmaster;                      ///< is told where a rule has too many; empty: not by mail
  std::string webhook;                         ///< http:// or https:// URL; empty: none
  std::string webhook_token_file;              ///< its content is sent as `Authorization: Bearer`
  std::vector<std::string> command;            ///< program and arguments, never through a shell; empty: none
  std::chrono::seconds every{3600};            ///< the same incident is told once in this time
  std::int64_t most_of_rule = 100;             ///< incidents of one rule that are told in an hour
  std::chrono::milliseconds patience{10'000};  ///< for each way of telling
  std::size_t most_waiting = 1000;             ///< incidents, and tries of each way
  /// How long after a try that failed the next one follows; when all have failed, it is given up.
  std::vector<std::chrono::milliseconds> retry_after{std::chrono::seconds(1), std::chrono::seconds(5),
                                                     std::chrono::seconds(30), std::chrono::minutes(2),
                                                     std::chrono::minutes(10)};
  friend bool operator==(const NotifyOptions&, const NotifyOptions&) = default;
};

/// Tells incidents, each once, on a thread of its own: by mail, by a webhook, by a program. What cannot be told is tried
/// again for a while, counted (notices.*) and logged. Where a rule has more than `most_of_rule` in an hour, of all who
/// share the store, one notice more says so to postmaster, and the others are in the log alone (notices.capped). Thread-safe.
class Notifier {
 public:
  /// All outlive this.
  Notifier(const NotifyOptions& options, store::Store& store, const Clock& clock, Counters& counters, Log& log);
  ~Notifier();

  /// Never waits. Where too many wait, it is counted (notices.dropped) and logged, and not told.
  void tell(Incident incident);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace postern::notices
