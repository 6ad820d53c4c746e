#include "policy/limits/allowance.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "policy/base/text.h"

namespace postern::limits {

namespace {

using std::chrono::seconds;

struct UnitName {
  Unit unit;
  std::string_view name;
};
constexpr std::array<UnitName, 8> kUnits{{
    {Unit::messages, "messages"},
    {Unit::recipients, "recipients"},
    {Unit::distinct_recipients, "distinct-recipients"},
    {Unit::first_time_recipients, "first-time-recipients"},
    {Unit::bytes, "bytes"},
    {Unit::connections, "connections"},
    {Unit::refused_recipients, "refused-recipients"},
    {Unit::unauthenticated_attempts, "unauthenticated-attempts"},
}};

constexpr std::string_view kHint = "write 500/24h, 30/1m burst 10, or account.NAME/24h";

// Sizes are powers of 1024, as MTAs count them.
std::optional<std::int64_t> factor_of(std::string_view unit) {
  if (unit.empty()) return 1;
  if (unit == "KB") return std::int64_t{1} << 10;
  if (unit == "MB") return std::int64_t{1} << 20;
  if (unit == "GB") return std::int64_t{1} << 30;
  return std::nullopt;
}

/// The number that `text` begins with, which it loses.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return n;
}

std::optional<seconds> unit_length(std::string_view unit) {
  if (unit == "s") return seconds(1);
  if (unit == "m") return seconds(60);
  if (unit == "h") return seconds(3600);
  if (unit == "d") return seconds(24 * 3600);
  if (unit == "w") return seconds(7 * 24 * 3600);
  return std::nullopt;
}

/// `1m`, `24h`; "" where it is one, else what is wrong.
std::string read_window(std::string_view text, seconds& window) {
  const std::string_view whole = text;
  const std::optional<std::int64_t> n = take_number(text);
  const std::optional<seconds> unit = unit_length(text);
  if (!n || !unit) {
    return fmt::format(
        "\"{}\" is no length of time (s, m, h, d, w){}", printable(whole, 60),
        whole.find(',') == std::string_view::npos ? "" : "; several windows are a list: [60/1m, 500/24h]");
  }
  if (*n < 1 || *n > std::chrono::duration_cast<seconds>(kLongestWindow).count() / unit->count())
    return fmt::format("a window is from 1s to 31d long, not {}", printable(whole, 60));
  window = *unit * *n;
  return {};
}

std::string read_amount(std::string_view text, AllowanceText& out) {
  if (text.starts_with("account.") || text.starts_with("recipient.account.")) {
    out.fact = std::string(text);
    return {};
  }
  const std::string_view whole = text;
  const std::optional<std::int64_t> n = take_number(text);
  const std::optional<std::int64_t> factor = factor_of(trim(text));
  if (!n || !factor) return fmt::format("\"{}\" is no number", printable(whole, 60));
  if (*n < 0) return fmt::format("{} is less than nothing", printable(whole, 60));
  if (*n > kMostAllowed / *factor) return fmt::format("{} is more than can be counted", printable(whole, 60));
  out.most = *n * *factor;
  return {};
}

std::string read_burst(std::string_view text, AllowanceText& out) {
  constexpr std::string_view kWord = "burst";
  const std::string_view whole = text;
  if (!text.starts_with(kWord)) return fmt::format("\"{}\" is not understood", printable(whole, 60));
  text = trim(text.substr(kWord.size()));
  const std::optional<std::int64_t> n = take_number(text);
  if (!n || !text.empty() || *n < 1) return fmt::format("\"{}\" is no burst", printable(whole, 60));
  if (out.fact.empty() && *n > out.most) return fmt::format("a burst of {} is more than is allowed at all", *n);
  out.burst = *n;
  return {};
}

}  // namespace

std::string_view name(Unit unit) {
  for (const UnitName& u : kUnits) {
    if (u.unit == unit) return u.name;
  }
  return {};
}

std::optional<Unit> parse_unit(std::string_view text) {
  for (const UnitName& u : kUnits) {
    if (u.name == text) return u.unit;
  }
  return std::nullopt;
}

Result<AllowanceText> parse_allowance(std::string_view text, const Place& where) {
  AllowanceText out;
  const std::string_view whole = trim(text);
  const auto wrong = [&](const std::string& why) {
    return Error{fmt::format("\"{}\": {}; {}", printable(whole, 80), why, kHint), where};
  };
  const std::size_t slash = whole.find('/');
  if (slash == std::string_view::npos) return wrong("a number without a window");
  std::string_view window = trim(whole.substr(slash + 1));
  std::string_view burst;
  if (const std::size_t blank = window.find(' '); blank != std::string_view::npos) {
    burst = trim(window.substr(blank));
    window = window.substr(0, blank);
  }
  if (std::string why = read_amount(trim(whole.substr(0, slash)), out); !why.empty()) return wrong(why);
  if (std::string why = read_window(window, out.window); !why.empty()) return wrong(why);
  if (burst.empty()) return out;
  if (std::string why = read_burst(burst, out); !why.empty()) return wrong(why);
  return out;
}

std::optional<std::int64_t> parse_amount(std::string_view text) {
  AllowanceText out;
  if (!read_amount(trim(text), out).empty() || !out.fact.empty()) return std::nullopt;
  return out.most;
}

std::string text_of(const Allowance& a) {
  const std::int64_t s = a.window.count();
  std::string text = std::to_string(a.most) + '/';
  if (s % 86400 == 0 && s > 86400)
    text.append(std::to_string(s / 86400)) += 'd';
  else if (s % 3600 == 0)
    text.append(std::to_string(s / 3600)) += 'h';
  else if (s % 60 == 0)
    text.append(std::to_string(s / 60)) += 'm';
  else
    text.append(std::to_string(s)) += 's';
  if (a.burst) text.append(" burst ").append(std::to_string(*a.burst));
  return text;
}

}  // namespace postern::limits
