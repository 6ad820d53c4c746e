#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "policy/base/log_limit.h"

namespace spdlog {
class logger;
}

namespace postern {

enum class LogForm { logfmt, json };
enum class LogLevel { debug, info, warning, error };

/// One thing that happened: a name of docs/log-events.md and fields in order. Values may be hostile text; the writer
/// escapes.
struct Event {
  using Value = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;

  std::string_view name;
  LogLevel level = LogLevel::info;
  std::vector<std::pair<std::string_view, Value>> fields;

  Event& add(std::string_view field, Value value) {
    fields.emplace_back(field, std::move(value));
    return *this;
  }
};

/// The event as one line without its end. Nothing in a value can break the line or make a second field of itself.
std::string format(const Event& event, LogForm form);

/// Where events go: one line each, in one write, to standard error or into a vector of a test. Thread-safe.
///
/// On standard error warnings and errors are limited by class, which is the event's name and its `part`: what was left out
/// is told in an event "suppressed".
class Log {
 public:
  /// To standard error.
  explicit Log(LogForm form, LogLevel least = LogLevel::info, bool limits = true);
  /// Into `lines`, for tests; `lines` outlives the Log.
  Log(LogForm form, std::vector<std::string>& lines);
  ~Log();

  void write(const Event& event);
  /// Tells what was left out so far; `all`, at the end, also of windows that are not over.
  void tell_suppressed(bool all = false);
  bool wants(LogLevel level) const { return level >= least_; }

 private:
  void put(const Event& event);

  LogForm form_;
  LogLevel least_;
  const bool limits_;
  std::mutex mutex_;  // guards limit_
  LogLimit limit_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace postern
