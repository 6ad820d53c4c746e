#include "config/limits_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "config/placed_texts.h"
#include "config/sections.h"
#include "policy/base/text.h"
#include "policy/checks/limit.h"
#include "policy/rules/list_entries.h"

namespace postern::config {

namespace {

using limits::Allowance;
using limits::AllowanceText;
using limits::Fallback;
using limits::Limit;
using limits::Unit;
using namespace std::chrono_literals;

constexpr std::size_t kMostLimits = 100;   // local
constexpr std::size_t kMostFacts = 4;      // local: of one key
constexpr std::size_t kMostInstead = 200;  // local: longer ones stand in a file

constexpr std::array<std::string_view, 8> kUnits{
    "messages", "recipients",  "distinct-recipients", "first-time-recipients",
    "bytes",    "connections", "refused-recipients",  "unauthenticated-attempts"};
constexpr std::array<std::string_view, 3> kUnavailable{"local", "defer", "skip"};

bool is_limit_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Stage first_stage(Unit unit) {
  switch (unit) {
    case Unit::connections: return Stage::connect;
    case Unit::messages:
    case Unit::unauthenticated_attempts: return Stage::sender;
    case Unit::recipients:
    case Unit::distinct_recipients:
    case Unit::first_time_recipients:
    case Unit::refused_recipients: return Stage::recipient;
    case Unit::bytes: break;
  }
  return Stage::end;
}

class LimitReader {
 public:
  LimitReader(const std::string& folder, const rules::Lists& lists, LimitsRead& read)
      : folder_(folder), lists_(lists), read_(read) {}

  void read(Settings& s, const std::string& name, const Place& where) {
    Limit limit;
    rules::LimitSource source;
    limit.name = source.name = name;
    source.where = where;
    read_key(s, source);
    limit.unit = *limits::parse_unit(s.word("count", "messages", kUnits, "what is counted"));
    read_allow(s, where, limit, source);
    source.when = s.node("when", "condition", "always", "what is counted only while this holds");
    read_near(s, limit);
    const std::string word = s.word("unavailable", "local", kUnavailable,
                                    "while a shared store is away: count alone against a share, defer, or go without");
    limit.fallback = word == "defer" ? Fallback::defer : word == "skip" ? Fallback::skip : Fallback::local;
    limit.patience = std::chrono::duration_cast<std::chrono::seconds>(
        s.duration("patience", 120h, 0s, 31 * 24h, "who would have to wait longer is refused for good by a defer"));
    read_exempt(s, limit);
    read_instead(s, limit);
    s.finish();
    source.stage = first_stage(limit.unit);
    source.each_recipient = source.stage == Stage::recipient;
    source.outcomes = limit_outcomes();
    source.unavailable = limit.fallback == Fallback::defer ? Unavailable::defer : Unavailable::skip;
    read_.limits.push_back(std::move(limit));
    read_.sources.push_back(std::move(source));
  }

 private:
  static void read_key(Settings& s, rules::LimitSource& source) {
    const std::vector<PlacedText> facts =
        placed_texts(s, "per", "fact or list of facts", "all", "whom it is counted for, each for itself");
    if (facts.size() > kMostFacts)
      s.problems().error(facts.front().where, fmt::format("a key has at most {} facts", kMostFacts));
    for (const PlacedText& fact : facts) {
      if (fact.text == "all") {
        if (facts.size() > 1) s.problems().error(fact.where, "all stands alone");
      } else if (fact.text == "client.ip/24" || fact.text == "client.ip/64") {
        source.per.push_back({"client.net", fact.where});  // /24 of IPv4, /64 of IPv6
      } else if (fact.text.starts_with("limit.")) {
        s.problems().error(fact.where, "a limit is no key");
      } else {
        source.per.push_back({fact.text, fact.where});
      }
    }
  }

  static void read_allow(Settings& s, const Place& where, Limit& limit, rules::LimitSource& source) {
    const std::vector<PlacedText> allow =
        placed_texts(s, "allow", "N/WINDOW, N/WINDOW burst N, account.NAME/WINDOW, or a list of them", "none",
                     "how much in any window of that length; all of them hold");
    if (allow.empty())
      s.problems().error(where, fmt::format("limit \"{}\" does not say what it allows", limit.name),
                         "allow: [30/1m, 500/24h]");
    for (const PlacedText& text : allow) {
      const Result<AllowanceText> read = limits::parse_allowance(text.text, text.where);
      if (!read) {
        s.problems().error(read.error().where, read.error().message);
        continue;
      }
      check_most(s, limit.unit, read->most, text.where);
      if (!read->fact.empty()) source.allow.push_back({read->fact, text.where});
      limit.allow.push_back(*read);
    }
    limit.otherwise = read_allowances(s, limit.unit,
                                      placed_texts(s, "else", "N/WINDOW or a list of them", "none",
                                                   "in place of what a fact says, where it is not there"));
    if (!source.allow.empty() && limit.otherwise.empty())
      s.problems().error(source.allow.front().where,
                         fmt::format("{} may be absent, and nothing would be limited then", source.allow.front().fact),
                         "say what holds without it: else: 200/24h");
    // All that may hold at once: the numbers, with what facts say, or with what stands in for those.
    std::vector<std::chrono::seconds> written, without_facts;
    for (const AllowanceText& text : limit.allow) {
      written.push_back(text.window);
      if (text.fact.empty()) without_facts.push_back(text.window);
    }
    for (const Allowance& other : limit.otherwise) without_facts.push_back(other.window);
    check_windows(s, limit.name, written, where);
    if (source.allow.empty() && !limit.otherwise.empty()) {
      s.problems().error(where, fmt::format("limit \"{}\" has an else, and no fact that could be absent", limit.name));
      return;
    }
    check_windows(s, limit.name, without_facts, where);
    check_count(s, written, limit.otherwise, where);
  }

  static void check_windows(Settings& s, const std::string& name, std::vector<std::chrono::seconds> windows,
                            const Place& where) {
    std::sort(windows.begin(), windows.end());
    if (std::adjacent_find(windows.begin(), windows.end()) != windows.end())
      s.problems().error(where, fmt::format("limit \"{}\" has two windows of one length", name),
                         "the smaller number is enough");
    if (windows.size() > limits::kMostWindows)
      s.problems().error(where, fmt::format("a limit has at most {} windows", limits::kMostWindows));
  }

  // Where one fact is there and another is not, windows of both kinds hold together.
  static void check_count(Settings& s, const std::vector<std::chrono::seconds>& written,
                          const std::vector<Allowance>& otherwise, const Place& where) {
    std::set<std::chrono::seconds> all(written.begin(), written.end());
    if (all.size() < 2) return;
    for (const Allowance& other : otherwise) all.insert(other.window);
    if (all.size() > limits::kMostWindows && written.size() <= limits::kMostWindows)
      s.problems().error(where,
                         fmt::format("a limit has at most {} windows, with those of its else", limits::kMostWindows));
  }

  static void check_most(Settings& s, Unit unit, std::int64_t most, const Place& where) {
    if (limits::counts_values(unit) && most > limits::kMostValues)
      s.problems().error(where, fmt::format("of {} at most {} can be told apart", name(unit), limits::kMostValues));
  }

  static std::vector<Allowance> read_allowances(Settings& s, Unit unit, const std::vector<PlacedText>& texts) {
    std::vector<Allowance> result;
    for (const PlacedText& text : texts) {
      const Result<AllowanceText> read = limits::parse_allowance(text.text, text.where);
      if (!read) {
        s.problems().error(read.error().where, read.error().message);
      } else if (!read->fact.empty()) {
        s.problems().error(text.where, "here stands a number, not a fact", "200/24h");
      } else {
        check_most(s, unit, read->most, text.where);
        result.push_back({read->most, read->window, read->burst});
      }
    }
    return result;
  }

  static void read_near(Settings& s, Limit& limit) {
    const Node* node = s.node("near", "percent", "80%", "from this part on it is near");
    if (node == nullptr || node->is_null()) return;
    std::string_view text = node->text;
    if (text.ends_with('%')) text.remove_suffix(1);
    int percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (node->is_scalar() && error == std::errc() && end == text.data() + text.size() && percent >= 1 && percent <= 100)
      limit.near = percent;
    else
      s.problems().error(node->where, fmt::format("near wants a percentage, not {}", printable(node->text, 40)),
                         "near: 80%");
  }

  std::shared_ptr<rules::List> keys_of(const Node& node, const std::string& name, Problems& problems) const {
    if (!node.is_scalar()) return rules::compile_list(name, node, folder_, problems);
    if (auto list = lists_.find(node.text)) return list;
    std::string hint = did_you_mean(node.text, lists_.names());
    if (hint.empty()) hint = fmt::format("single keys stand in brackets: [{}]", printable(node.text, 60));
    problems.error(node.where, fmt::format("there is no list \"{}\"", printable(node.text, 60)), hint);
    return nullptr;
  }

  void read_exempt(Settings& s, Limit& limit) const {
    const Node* node = s.node("exempt", "name of a list, or list of keys, with `until 2026-12-31` behind one", "none",
                              "who may as much as he likes");
    if (node == nullptr || node->is_null()) return;
    if (auto keys = keys_of(*node, "limits." + limit.name + ".exempt", s.problems()))
      limit.overrides.push_back({std::move(keys), nullptr, {}, {}});
  }

  void read_instead(Settings& s, Limit& limit) const {
    const Node* node = s.node("override", "list of {keys:, allow:, until:} and {file:}", "none",
                              "what some keys may instead; the first that fits counts");
    if (node == nullptr || node->is_null()) return;
    if (!node->is_list()) {
      s.problems().error(node->where, fmt::format("override wants a list, not {}", node->describe()),
                         "override: [{keys: [boss@example.org], allow: 2000/24h}]");
      return;
    }
    if (node->items.size() > kMostInstead)
      s.problems().error(node->where, fmt::format("over {} overrides", kMostInstead), "put them in a file");
    for (const Node& item : node->items) {
      Settings one("limits." + limit.name + ".override", item.is_map() ? &item : nullptr, s.problems());
      if (!item.is_map()) s.problems().error(item.where, "an override is {keys:, allow:} or {file:}");
      read_one(one, item, limit);
      one.finish();
    }
  }

  void read_one(Settings& s, const Node& item, Limit& limit) const {
    Problems& problems = s.problems();
    const std::string path = s.text("file", "", "a file of lines KEY ALLOW [until DATE], read again when it changes");
    const Node* keys = s.node("keys", "name of a list, or list of keys", "none", "whom it is for");
    const std::vector<PlacedText> allow = placed_texts(s, "allow", "as above, or off", "none", "what they may");
    const Node* until = s.node("until", "date", "none", "the last day it holds");
    if (!item.is_map()) return;
    if (!path.empty()) {
      if (keys != nullptr || !allow.empty() || until != nullptr)
        problems.error(item.where, "a file says for itself who may what");
      auto file = limits::OverrideFile::open(below(folder_, path));
      if (!file) {
        const std::string line = file.error().where.line > 0 ? fmt::format(":{}", file.error().where.line) : "";
        return problems.error(item.find("file")->where,
                              fmt::format("{}{}: {}", printable(path, 200), line, file.error().message));
      }
      read_.files.push_back(*file);
      limit.overrides.push_back({nullptr, *file, {}, {}});
      return;
    }
    Limit::Instead instead;
    if (keys == nullptr)
      return problems.error(item.where, "an override says whom it is for", "keys: [boss@example.org]");
    instead.keys = keys_of(*keys, "limits." + limit.name + ".override", problems);
    const bool off = allow.size() == 1 && allow.front().text == "off";
    if (!off) instead.allow = read_allowances(s, limit.unit, allow);
    std::vector<std::chrono::seconds> windows;
    for (const Allowance& one : instead.allow) windows.push_back(one.window);
    check_windows(s, limit.name, std::move(windows), item.where);
    if (allow.empty()) problems.error(item.where, "an override says what is allowed", "allow: 2000/24h, or off");
    if (until != nullptr) {
      if (until->is_scalar()) instead.until = rules::parse_until(until->text);
      if (!instead.until) problems.error(until->where, "until wants a date", "until: 2026-12-31");
    }
    if (instead.keys) limit.overrides.push_back(std::move(instead));
  }

  const std::string& folder_;
  const rules::Lists& lists_;
  LimitsRead& read_;
};

}  // namespace

LimitsRead read_limits(const Node* section, const std::string& folder, const rules::Lists& lists, Problems& problems) {
  LimitsRead result;
  if (section == nullptr) return result;
  if (!section->is_map()) {
    problems.error(section->where, fmt::format("limits wants a map of names and limits, not {}", section->describe()),
                   "write limits: {user: {per: login, count: recipients, allow: 500/24h}}");
    return result;
  }
  if (section->entries.size() > kMostLimits) problems.error(section->where, fmt::format("over {} limits", kMostLimits));
  LimitReader reader(folder, lists, result);
  for (const auto& [key, value] : section->entries) {
    if (!is_limit_name(key.text)) {
      problems.error(key.where, fmt::format("\"{}\" is no name for a limit", printable(key.text, 60)),
                     "small letters, digits, - and _, at most 64");
      continue;
    }
    if (!value.is_map()) {
      problems.error(value.where, fmt::format("limit \"{}\" is a map, not {}", key.text, value.describe()),
                     "{per: login, count: recipients, allow: 500/24h}");
      continue;
    }
    Settings settings("limits." + key.text, &value, problems);
    reader.read(settings, key.text, key.where);
  }
  return result;
}

void check_when_due(const Policy& policy, const std::vector<rules::LimitSource>& sources, Problems& problems) {
  for (std::size_t i = 0; i < policy.limits.size(); ++i) {
    const Stage due = policy.rules->checks()[policy.rules->limits()[i].check].stage;
    if (policy.limits[i].unit == Unit::refused_recipients && due > Stage::recipient)
      problems.error(sources[i].where,
                     fmt::format("limit \"{}\" counts what is refused at RCPT, and rests on what the header says",
                                 policy.limits[i].name),
                     "per: login");
  }
}

std::vector<Settings::Asked> limit_settings() {
  Problems none;
  LimitsRead unused;
  Settings settings("limits.NAME", nullptr, none);
  LimitReader({}, {}, unused).read(settings, "NAME", {});
  return settings.asked();
}

}  // namespace postern::config
