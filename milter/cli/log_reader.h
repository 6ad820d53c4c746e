#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::cli {

/// A message that was taken from somebody who had authenticated.
struct LoggedMail {
  std::int64_t unix_time = 0;
  std::string login;
  std::int64_t recipients = 0;
  std::int64_t bytes = 0;
};

/// When a line of a log was written, and what stands behind that: `Nov 28 10:00:00 ` (of the last year in which that is
/// not after `now`) and ISO 8601, `2026-11-28T10:00:00.123+01:00 `. A time without a zone counts as UTC.
struct LogLine {
  std::optional<std::int64_t> unix_time;
  std::string_view rest;
};
LogLine split_time(std::string_view line, std::int64_t now);

/// Reads lines of a mail log: Postern's events `decision`, as logfmt or JSON, behind the time of syslog or journald, and
/// what Postfix's smtpd and qmgr say, joined by the queue id. A message that both tell of is told once. Lines may hold
/// anything; memory is bounded by kMostOpen.
class LogReader {
 public:
  static constexpr std::size_t kMostOpen = 200'000;         // local: messages between smtpd and qmgr
  static constexpr std::size_t kMostLineBytes = 64 * 1024;  // local: what is longer is passed over

  /// `told` is called for each message, from within take(). `now` is for times without a year.
  LogReader(std::int64_t now, std::function<void(const LoggedMail&)> told) : now_(now), told_(std::move(told)) {}

  /// Without its line end. The line's time, where it has one.
  std::optional<std::int64_t> take(std::string_view line);

  struct Counts {
    std::size_t lines = 0;
    std::size_t messages = 0;
    std::size_t without_time = 0;  ///< decisions that nobody can count, since no time stands before them
  };
  const Counts& counts() const { return counts_; }

 private:
  /// A queue id: who sent it, until it is known to how many.
  struct Open {
    std::string login;
    std::int64_t unix_time = 0;
    bool told = false;
    std::list<std::string>::iterator place;
  };
  void decision(std::string_view payload, std::optional<std::int64_t> unix_time);
  void smtpd(std::string_view queue, std::string_view text, std::int64_t unix_time);
  void qmgr(std::string_view queue, std::string_view text, std::int64_t unix_time);
  Open& open(const std::string& queue, std::int64_t unix_time);
  void tell(LoggedMail mail);

  const std::int64_t now_;
  const std::function<void(const LoggedMail&)> told_;
  Counts counts_;
  std::unordered_map<std::string, Open> open_;
  std::list<std::string> order_;  ///< queue ids, the oldest first
};

}  // namespace postern::cli
