#include "milter/cli/limits_suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>

#include "milter/cli/log_reader.h"
#include "milter/json.h"
#include "policy/limits/suggest.h"

namespace postern::cli {

namespace {

using limits::kPeakWindows;
using limits::Suggestion;
using limits::Unit;

constexpr std::size_t kMostShown = 20;  // local: of those that would have been hit; all stand in the JSON

/// A log that is read a line at a time.
class LogFile {
 public:
  explicit LogFile(const std::string& path) : in_(path == "-" ? &std::cin : &file_) {
    if (path != "-") file_.open(path, std::ios::binary);
  }
  bool is_open() const { return in_ != &file_ || file_.is_open(); }

  /// The next line; of one that is too long for anybody, its beginning. False at the end.
  bool next(std::string& line) {
    buffer_.resize(LogReader::kMostLineBytes + 2);
    in_->getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    auto got = static_cast<std::size_t>(in_->gcount());
    if (in_->fail() && got == 0) return false;
    if (in_->fail()) {
      in_->clear();
      in_->ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    } else if (!in_->eof()) {
      --got;  // the line end
    }
    line.assign(buffer_, 0, got);
    if (line.ends_with('\r')) line.pop_back();
    return true;
  }
  std::int64_t time = 0;  ///< of the last line that had one

 private:
  std::ifstream file_;
  std::istream* in_;
  std::string buffer_;
};

// Reads all logs, always on where the time is the earliest: what is used is then told nearly in order.
void read_all(std::vector<std::unique_ptr<LogFile>> files, LogReader& reader) {
  std::string line;
  while (!files.empty()) {
    const auto earliest =
        std::min_element(files.begin(), files.end(), [](const auto& a, const auto& b) { return a->time < b->time; });
    if (!(*earliest)->next(line)) {
      files.erase(earliest);
      continue;
    }
    if (const auto time = reader.take(line)) (*earliest)->time = *time;
  }
}

std::int64_t amount_of(const LoggedMail& mail, Unit unit) {
  if (unit == Unit::recipients) return mail.recipients;
  return unit == Unit::bytes ? mail.bytes : 1;
}

std::string window_text(std::size_t w) {
  const std::string text = limits::text_of({.most = 0, .window = kPeakWindows[w], .burst = {}});
  return text.substr(text.find('/') + 1);
}

std::string yaml_of(const Suggestion& suggestion, Unit unit) {
  std::string allow;
  for (const limits::Allowance& allowance : suggestion.allow)
    allow += fmt::format("{}{}", allow.empty() ? "" : ", ", limits::suggested_text(allowance, unit));
  return fmt::format(
      "limits:\n  user:\n    per: login\n    count: {}\n    allow: [{}]\n    when: direction is submission\n",
      limits::name(unit), allow);
}

std::string text_of(const Suggestion& suggestion, Unit unit, std::size_t logins, std::size_t days) {
  std::string out = fmt::format("# {} of {} login{} on {} day{}, the most that each had in any window:\n",
                                limits::name(unit), logins, logins == 1 ? "" : "s", days, days == 1 ? "" : "s");
  out += fmt::format("# {:>6} {:>12} {:>12} {:>12} {:>12}\n", "", "p50", "p95", "p99", "max");
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    const Suggestion::Spread& s = suggestion.spread[w];
    out += fmt::format("# {:>6} {:>12} {:>12} {:>12} {:>12}\n", window_text(w), s.p50, s.p95, s.p99, s.most);
  }
  if (days < 7) out += "# Fewer than 7 days: what comes once a week or a month is not in it.\n";
  out += yaml_of(suggestion, unit);
  if (suggestion.hits.empty()) return out + "# Nobody would have been hit by it.\n";
  out += fmt::format("# {} would have been hit by it:\n", suggestion.hits.size());
  for (std::size_t i = 0; i < std::min(suggestion.hits.size(), kMostShown); ++i) {
    const Suggestion::Hit& hit = suggestion.hits[i];
    out += fmt::format("#   {}  {} of {}\n", printable(hit.key), hit.used, limits::suggested_text(hit.allow, unit));
  }
  if (suggestion.hits.size() > kMostShown) out += fmt::format("#   and {} more\n", suggestion.hits.size() - kMostShown);
  return out;
}

std::string json_of(const Suggestion& suggestion, Unit unit, std::size_t logins, std::size_t days) {
  Json windows = Json::array(), allow = Json::array(), hits = Json::array();
  for (std::size_t w = 0; w < kPeakWindows.size(); ++w) {
    const Suggestion::Spread& s = suggestion.spread[w];
    windows.push_back({{"window", window_text(w)}, {"p50", s.p50}, {"p95", s.p95}, {"p99", s.p99}, {"max", s.most}});
  }
  for (const limits::Allowance& one : suggestion.allow) allow.push_back(limits::suggested_text(one, unit));
  for (const Suggestion::Hit& hit : suggestion.hits)
    hits.push_back({{"login", hit.key}, {"used", hit.used}, {"allow", limits::suggested_text(hit.allow, unit)}});
  return json_line({{"unit", limits::name(unit)},
                    {"logins", logins},
                    {"days", days},
                    {"windows", windows},
                    {"allow", allow},
                    {"hits", hits}}) +
         "\n";
}

}  // namespace

SuggestAnswer suggest_limits(const LimitsSuggestOptions& options, std::int64_t now) {
  const auto unit = limits::parse_unit(options.unit);
  if (!unit || (*unit != Unit::messages && *unit != Unit::recipients && *unit != Unit::bytes))
    return {kUnusable, {}, "logs tell of messages, recipients and bytes alone"};
  std::vector<std::unique_ptr<LogFile>> files;
  for (const std::string& path : options.files) {
    files.push_back(std::make_unique<LogFile>(path));
    if (!files.back()->is_open()) return {kFailed, {}, fmt::format("{}: {}", path, std::strerror(errno))};
  }
  limits::PeakUse use;
  LogReader reader(now, [&](const LoggedMail& mail) { use.add(mail.unix_time, mail.login, amount_of(mail, *unit)); });
  read_all(std::move(files), reader);

  SuggestAnswer answer;
  const LogReader::Counts& counts = reader.counts();
  if (counts.without_time > 0)
    answer.problem +=
        fmt::format("{} decisions without a time before them: take journalctl -o short-iso\n", counts.without_time);
  if (use.left_out() > 0)
    answer.problem += fmt::format("{} messages were left out, there are too many\n", use.left_out());
  const std::vector<limits::Peak> peaks = use.peaks();
  if (use.late() > 0)
    answer.problem +=
        fmt::format("{} messages stand out of order: the figures are too high; give each log as a file\n", use.late());
  if (peaks.empty()) {
    answer.status = kFailed;
    answer.problem += fmt::format("{} lines tell of no message from anybody who had authenticated\n", counts.lines);
    return answer;
  }
  const Suggestion suggestion = limits::suggest(peaks, *unit, options.margin);
  answer.text = options.json ? json_of(suggestion, *unit, peaks.size(), use.days())
                             : text_of(suggestion, *unit, peaks.size(), use.days());
  return answer;
}

int suggest_limits(const LimitsSuggestOptions& options) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const SuggestAnswer answer = suggest_limits(options, std::chrono::duration_cast<std::chrono::seconds>(now).count());
  if (!answer.problem.empty()) std::fprintf(stderr, "postern: %s\n", answer.problem.c_str());
  std::fwrite(answer.text.data(), 1, answer.text.size(), stdout);
  return answer.status;
}

}  // namespace postern::cli
