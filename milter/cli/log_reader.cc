#include "milter/cli/log_reader.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>

#include "milter/cli/log_event.h"

namespace postern::cli {

namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::int64_t kSameMessage = 3600;  // local: a short queue id comes back, with another message
constexpr std::size_t kMostLoginBytes = 500;

std::optional<std::int64_t> number(std::string_view digits) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (error != std::errc() || end != digits.data() + digits.size() || n < 0) return std::nullopt;
  return n;
}

std::optional<std::int64_t> unix_time(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t seconds) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date).time_since_epoch().count() * kDay + seconds;
}

// `10:00:00`
std::optional<std::int64_t> seconds_of_day(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto h = number(text.substr(0, 2)), m = number(text.substr(3, 2)), s = number(text.substr(6, 2));
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  return *h * 3600 + *m * 60 + *s;
}

// `Nov 28 10:00:00 `, `Nov  8 10:00:00 ` (RFC 3164 4.1.2)
LogLine split_syslog(std::string_view line, std::int64_t now) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const LogLine none{.unix_time = {}, .rest = line};
  if (line.size() < 16 || line[3] != ' ' || line[6] != ' ' || line[15] != ' ') return none;
  const std::size_t month = kMonths.find(line.substr(0, 3));
  const auto day = number(line[4] == ' ' ? line.substr(5, 1) : line.substr(4, 2));
  const auto seconds = seconds_of_day(line.substr(7, 8));
  if (month == std::string_view::npos || month % 3 != 0 || !day || !seconds) return none;
  const std::chrono::year_month_day today{
      std::chrono::sys_days(std::chrono::days(std::clamp<std::int64_t>(now, 0, 250'000'000'000) / kDay))};
  const int this_year = static_cast<int>(today.year());
  for (int year = this_year + 1; year > this_year - 9; --year) {  // 29 February is there once in 8 years at least
    const auto time = unix_time(year, static_cast<std::int64_t>(month / 3 + 1), *day, *seconds);
    if (time && *time <= now + kDay) return {.unix_time = time, .rest = line.substr(16)};  // of any zone
  }
  return none;
}

// `Z`, `+01:00`, `+0100`, or nothing: seconds east. `text` loses it.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.starts_with('Z')) text.remove_prefix(1);
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return 0;
  const std::int64_t sign = text.front() == '+' ? 1 : -1;
  const std::size_t colon = text.size() > 3 && text[3] == ':' ? 1 : 0;
  if (text.size() < 5 + colon) return std::nullopt;
  const auto hours = number(text.substr(1, 2)), minutes = number(text.substr(3 + colon, 2));
  if (!hours || !minutes) return std::nullopt;
  text.remove_prefix(5 + colon);
  return sign * (*hours * 3600 + *minutes * 60);
}

// `2026-11-28T10:00:00.123+01:00 `, also with a blank for the T.
LogLine split_iso(std::string_view line) {
  const LogLine none{.unix_time = {}, .rest = line};
  if (line.size() < 20 || line[4] != '-' || line[7] != '-' || (line[10] != 'T' && line[10] != ' ')) return none;
  const auto year = number(line.substr(0, 4)), month = number(line.substr(5, 2)), day = number(line.substr(8, 2));
  const auto seconds = seconds_of_day(line.substr(11, 8));
  if (!year || !month || !day || !seconds) return none;
  const auto local = unix_time(*year, *month, *day, *seconds);
  std::string_view rest = line.substr(19);
  if (rest.starts_with('.') || rest.starts_with(','))
    rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  const auto east = take_zone(rest);
  if (!local || !east || !rest.starts_with(' ')) return none;
  return {.unix_time = *local - *east, .rest = rest.substr(1)};
}

/// `host program[123]: text` or `host program: text`.
struct Message {
  std::string_view program, text;
};
Message split_program(std::string_view rest) {
  const std::size_t blank = rest.find(' ');
  const std::size_t colon = rest.find(": ");
  if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank) return {{}, rest};
  const std::string_view tag = rest.substr(blank + 1, colon - blank - 1);
  if (tag.find(' ') != std::string_view::npos) return {{}, rest};
  return {.program = tag.substr(0, tag.find('[')), .text = rest.substr(colon + 2)};
}

bool is_queue_id(std::string_view text) {
  return text.size() >= 5 && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

// The number behind the last `, name=`: what stands before it may be of a stranger's making.
std::optional<std::int64_t> last_number(std::string_view text, std::string_view name) {
  const std::size_t at = text.rfind(name);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view value = text.substr(at + name.size());
  return number(value.substr(0, value.find_first_of(", ")));
}

}  // namespace

LogLine split_time(std::string_view line, std::int64_t now) {
  if (line.starts_with('<')) {  // RFC 5424 6.2.1: what a receiver may write as it comes
    if (const std::size_t end = line.find('>'); end <= 4) line.remove_prefix(end + 1);
  }
  const LogLine iso = split_iso(line);
  return iso.unix_time ? iso : split_syslog(line, now);
}

void LogReader::tell(LoggedMail mail) {
  if (mail.login.empty() || mail.login.size() > kMostLoginBytes) return;
  ++counts_.messages;
  told_(mail);
}

LogReader::Open& LogReader::open(const std::string& queue, std::int64_t unix_time) {
  if (const auto known = open_.find(queue); known != open_.end()) {
    order_.splice(order_.end(), order_, known->second.place);
    return known->second;
  }
  if (open_.size() >= kMostOpen) {
    open_.erase(order_.front());  // it was refused, or given up
    order_.pop_front();
  }
  order_.push_back(queue);
  Open fresh{.login = {}, .unix_time = unix_time, .told = false, .place = std::prev(order_.end())};
  return open_.emplace(queue, std::move(fresh)).first->second;
}

void LogReader::decision(std::string_view payload, std::optional<std::int64_t> unix_time) {
  const std::map<std::string, std::string> fields = read_event(payload);
  const auto field = [&](const char* name) {
    const auto at = fields.find(name);
    return at == fields.end() ? std::string() : at->second;
  };
  const std::string action = field("action");
  if (field("event") != "decision" || field("login").empty()) return;
  if (action != "accept" && action != "quarantine" && action != "discard") return;
  if (!unix_time) {
    ++counts_.without_time;
    return;
  }
  if (const std::string queue = field("queue"); is_queue_id(queue)) {
    Open& one = open(queue, *unix_time);
    const bool again = one.told && std::abs(*unix_time - one.unix_time) <= kSameMessage;
    one.told = true;
    one.unix_time = *unix_time;
    if (again) return;
  }
  tell({.unix_time = *unix_time,
        .login = field("login"),
        .recipients = number(field("recipients")).value_or(1),
        .bytes = number(field("bytes")).value_or(0)});
}

// `client=host[192.0.2.1], sasl_method=PLAIN, sasl_username=bob[, sasl_sender=…]`
void LogReader::smtpd(std::string_view queue, std::string_view text, std::int64_t unix_time) {
  constexpr std::string_view kName = ", sasl_username=";
  if (!text.starts_with("client=")) return;
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos) return;
  std::string_view login = text.substr(at + kName.size());
  login = login.substr(0, std::min(login.find(", sasl_sender="), login.find(", orig_")));
  Open& one = open(std::string(queue), unix_time);
  if (one.told && std::abs(unix_time - one.unix_time) <= kSameMessage) return;
  one.login = std::string(login.substr(0, kMostLoginBytes + 1));
  one.unix_time = unix_time;
  one.told = false;
}

// `from=<a@b>, size=1234, nrcpt=2 (queue active)`: again for each time that it is tried.
void LogReader::qmgr(std::string_view queue, std::string_view text, std::int64_t unix_time) {
  if (!text.starts_with("from=<")) return;
  const auto known = open_.find(std::string(queue));
  if (known == open_.end() || known->second.told) return;
  const auto recipients = last_number(text, ", nrcpt="), bytes = last_number(text, ", size=");
  if (!recipients) return;
  known->second.told = true;
  known->second.unix_time = unix_time;
  tell({.unix_time = unix_time, .login = known->second.login, .recipients = *recipients, .bytes = bytes.value_or(0)});
}

std::optional<std::int64_t> LogReader::take(std::string_view line) {
  ++counts_.lines;
  if (line.size() > kMostLineBytes) return std::nullopt;
  const LogLine split = split_time(line, now_);
  if (is_event(split.rest)) {  // nothing, or the time alone, stands before it
    decision(split.rest, split.unix_time);
    return split.unix_time;
  }
  const Message message = split_program(split.rest);
  if (is_event(message.text)) {
    decision(message.text, split.unix_time);
    return split.unix_time;
  }
  const std::size_t colon = message.text.find(": ");
  if (!split.unix_time || colon == std::string_view::npos) return split.unix_time;
  const std::string_view queue = message.text.substr(0, colon);
  const std::string_view text = message.text.substr(colon + 2);
  if (!is_queue_id(queue)) return split.unix_time;
  if (message.program.ends_with("/smtpd")) smtpd(queue, text, *split.unix_time);
  if (message.program.ends_with("/qmgr")) qmgr(queue, text, *split.unix_time);
  return split.unix_time;
}

}  // namespace postern::cli
