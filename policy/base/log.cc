#include "policy/base/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <cmath>
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
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text, kMaxValueBytes)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= kMaxValueBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("._-+@:/,;<>[]()*%!?~").find(c) != std::string_view::npos;
  });
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
  std::string operator()(const std::string& v) const { return is_plain(v) ? v : in_quotes(v); }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return fmt::format("{:.1f}", std::isfinite(v) ? v : 0.0); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const std::vector<std::string>& v) const { return (*this)(join(v, " ")); }
};

struct JsonValue {
  std::string operator()(const std::string& v) const { return in_quotes(v); }
  std::string operator()(std::int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return fmt::format("{:.1f}", std::isfinite(v) ? v : 0.0); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const std::vector<std::string>& v) const {
    std::string out = "[";
    for (const std::string& item : v) out += (out.size() > 1 ? "," : "") + in_quotes(item);
    return out + ']';
  }
};

}  // namespace

std::string format(const Event& event, LogForm form) {
  std::string line;
  if (form == LogForm::logfmt) {
    line = fmt::format("event={} level={}", event.name, level_name(event.level));
    for (const auto& [field, value] : event.fields) {
      line += ' ';
      line += field;
      line += '=';
      line += std::visit(LogfmtValue{}, value);
    }
    return line;
  }
  line = fmt::format("{{\"event\":\"{}\",\"level\":\"{}\"", event.name, level_name(event.level));
  for (const auto& [field, value] : event.fields)
    line += fmt::format(",\"{}\":{}", field, std::visit(JsonValue{}, value));
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
