#include "policy/accounts/callout/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "policy/base/text.h"

namespace postern::callout {

namespace {

constexpr std::string_view kVersion = "1";
constexpr std::size_t kFields = 8;
constexpr std::size_t kMostReasonBytes = 300;  // local: verdict.h

constexpr std::array kKinds{Kind::exists, Kind::missing, Kind::accept_all, Kind::unknown, Kind::not_asked};
constexpr std::array kCauses{Cause::reply,   Cause::evidence,    Cause::refused_us,   Cause::temporary,
                             Cause::unclear, Cause::unreachable, Cause::no_mail_host, Cause::forbidden,
                             Cause::dns,     Cause::opted_out};

template <class Values>
auto by_name(const Values& values, std::string_view text) {
  const auto found = std::find_if(values.begin(), values.end(), [&](auto value) { return name(value) == text; });
  return found == values.end() ? std::nullopt : std::optional(*found);
}

std::int64_t seconds_of(WallTime at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

std::optional<WallTime> time_of(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kLatest = 1LL << 33;  // in 2242; beyond the clock's own range arithmetic would overflow
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > kLatest) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

Record Record::made(Kind kind, Cause cause, const std::string& reason, WallTime now, std::chrono::seconds age) {
  return {.kind = kind,
          .cause = cause,
          .found = now,
          .fresh_until = now + age,
          .refresh_at = now + age,
          .was_missing = false,
          .reason = reason};
}

std::string Record::text() const {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", kVersion, name(kind), name(cause), seconds_of(found),
                     seconds_of(fresh_until), seconds_of(refresh_at), was_missing ? "again" : "first",
                     printable(reason, kMostReasonBytes));
}

std::optional<Record> Record::parse(std::string_view text) {
  const std::vector<std::string_view> fields = split(text, '\n');
  if (fields.size() != kFields || fields[0] != kVersion) return std::nullopt;
  const auto kind = by_name(kKinds, fields[1]);
  const auto cause = by_name(kCauses, fields[2]);
  const auto found = time_of(fields[3]);
  const auto fresh_until = time_of(fields[4]);
  const auto refresh_at = time_of(fields[5]);
  if (!kind || !cause || !found || !fresh_until || !refresh_at) return std::nullopt;
  return Record{.kind = *kind,
                .cause = *cause,
                .found = *found,
                .fresh_until = *fresh_until,
                .refresh_at = *refresh_at,
                .was_missing = fields[6] == "again",
                .reason = std::string(fields[7])};
}

Verdict Record::verdict(WallTime now) const {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - found);
  return {.kind = kind,
          .cause = cause,
          .reason = reason,
          .cached = true,
          .age = std::max(age, std::chrono::seconds(0)),
          .late = false};
}

}  // namespace postern::callout
