#include "policy/base/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <mutex>

#include "policy/base/text.h"

namespace postern {

namespace {

constexpr std::size_t kMaxValueBytes = 1000;  // local: a line of the longest event stays within 64 KiB

class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::vector<std::string>& lines) : lines_(lines) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    lines_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}

 private:
  std::vector<std::string>& lines_;
};

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "";
}

// The value in double quotes; printable() has made control bytes and bad UTF-8 into backslash text already.
void append_quoted(std::string& line, std::string_view text) {
  const std::string seen = printable(text, kMaxValueBytes);
  line += '"';
  for (std::size_t at = 0; at < seen.size();) {
    const std::size_t next = std::min(seen.find_first_of("\"\\", at), seen.size());
    line.append(seen, at, next - at);
    if (next < seen.size()) line.append({'\\', seen[next]});
    at = next + 1;
  }
  line += '"';
}

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (const char c :
       std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-+@:/,;<>[]()*%!?~"))
    plain[static_cast<unsigned char>(c)] = true;
  return plain;
}

bool is_plain(std::string_view text) {
  static constexpr std::array<bool, 256> kPlain = plain_bytes();
  return !text.empty() && text.size() <= kMaxValueBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
}

// Words of the program alone.
std::string class_of(const Event& event) {
  std::string what(event.name);
  for (const auto& [field, value] : event.fields) {
    if (field == "part" && std::holds_alternative<std::string>(value)) what += "/" + std::get<std::string>(value);
  }
  return what;
}

struct LogfmtValue {
  std::string& line;

  void operator()(const std::string& v) const {
    if (is_plain(v))
      line += v;
    else
      append_quoted(line, v);
  }
  void operator()(std::int64_t v) const { fmt::format_to(std::back_inserter(line), "{}", v); }
  void operator()(double v) const { fmt::format_to(std::back_inserter(line), "{:.1f}", std::isfinite(v) ? v : 0.0); }
  void operator()(bool v) const { line += v ? "true" : "false"; }
  void operator()(const std::vector<std::string>& v) const { (*this)(v.size() == 1 ? v.front() : join(v, " ")); }
};

struct JsonValue {
  std::string& line;

  void operator()(const std::string& v) const { append_quoted(line, v); }
  void operator()(std::int64_t v) const { LogfmtValue{line}(v); }
  void operator()(double v) const { LogfmtValue{line}(v); }
  void operator()(bool v) const { LogfmtValue{line}(v); }
  void operator()(const std::vector<std::string>& v) const {
    line += '[';
    for (std::size_t i = 0; i < v.size(); ++i) {
      if (i > 0) line += ',';
      append_quoted(line, v[i]);
    }
    line += ']';
  }
};

}  // namespace

std::string format(const Event& event, LogForm form) {
  std::string line;
  line.reserve(1024);
  if (form == LogForm::logfmt) {
    line.append("event=").append(event.name).append(" level=").append(level_name(event.level));
    for (const auto& [field, value] : event.fields) {
      line.append(" ").append(field).append("=");
      std::visit(LogfmtValue{line}, value);
    }
    return line;
  }
  line.append("{\"event\":\"")
      .append(event.name)
      .append("\",\"level\":\"")
      .append(level_name(event.level))
      .append("\"");
  for (const auto& [field, value] : event.fields) {
    line.append(",\"").append(field).append("\":");
    std::visit(JsonValue{line}, value);
  }
  return line + '}';
}

Log::Log(LogForm form, LogLevel least, bool limits) : form_(form), least_(least), limits_(limits) {
  logger_ = std::make_shared<spdlog::logger>("postern", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger_->set_pattern("%v");
}

Log::Log(LogForm form, std::vector<std::string>& lines) : form_(form), least_(LogLevel::debug), limits_(false) {
  logger_ = std::make_shared<spdlog::logger>("postern", std::make_shared<LineSink>(lines));
  logger_->set_pattern("%v");
}

Log::~Log() = default;

void Log::write(const Event& event) {
  if (!wants(event.level)) return;
  if (limits_ && event.level >= LogLevel::warning) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (!limit_.admits(class_of(event), now)) return;
  }
  put(event);
}

void Log::put(const Event& event) { logger_->log(spdlog::level::critical, "{}", format(event, form_)); }

void Log::tell_suppressed(bool all) {
  std::vector<LogLimit::Suppressed> suppressed;
  {
    const std::lock_guard lock(mutex_);
    suppressed = limit_.take(all ? SteadyTime::max() : std::chrono::steady_clock::now());
  }
  for (const LogLimit::Suppressed& s : suppressed)
    put(Event{"suppressed", LogLevel::warning, {}}.add("class", s.what).add("count", s.count));
}

}  // namespace postern
