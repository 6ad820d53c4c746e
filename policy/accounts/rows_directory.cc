#include "policy/accounts/rows_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "policy/base/text.h"

namespace postern::accounts {

namespace {

using namespace std::chrono_literals;

std::optional<bool> yes_or_no(std::string_view text) {
  constexpr std::array<std::string_view, 6> kYes{"yes", "y", "true", "t", "on", "1"};
  constexpr std::array<std::string_view, 6> kNo{"no", "n", "false", "f", "off", "0"};
  const std::string word = ascii_lower(trim(text));
  if (std::find(kYes.begin(), kYes.end(), word) != kYes.end()) return true;
  if (std::find(kNo.begin(), kNo.end(), word) != kNo.end()) return false;
  return std::nullopt;
}

std::optional<State> state_of(std::string_view text) {
  const std::string word = ascii_lower(trim(text));
  if (word == "active" || word == "enabled") return State::active;
  if (word == "suspended" || word == "disabled" || word == "locked" || word == "inactive") return State::suspended;
  if (word == "expired") return State::expired;
  return std::nullopt;
}

constexpr std::int64_t kNever = 9'000'000'000;  // local: year 2255; WallTime ends in 2262, and many write 9999-12-31

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// The first moment that is too late; nothing where the text is none of the forms.
std::optional<WallTime> end_of(std::string_view text) {
  text = trim(text);
  std::int64_t seconds = 0;
  if (text.empty() || text == "0" || text.starts_with("0000-00-00")) return WallTime::max();
  if (read_number(text, seconds)) {
    if (seconds < 0) return std::nullopt;
    return seconds > kNever ? WallTime::max() : WallTime(std::chrono::seconds(seconds));
  }
  int year = 0;
  unsigned month = 0, day = 0;
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !read_number(text.substr(0, 4), year) ||
      !read_number(text.substr(5, 2), month) || !read_number(text.substr(8, 2), day))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const std::chrono::sys_days day_of = date;
  if (std::chrono::sys_seconds(day_of).time_since_epoch().count() > kNever) return WallTime::max();
  const WallTime midnight = day_of;
  if (text.size() == 10) return midnight + 24h;
  unsigned hour = 0, minute = 0, second = 0;
  if (text.size() < 19 || (text[10] != ' ' && text[10] != 'T') || !read_number(text.substr(11, 2), hour) ||
      !read_number(text.substr(14, 2), minute) || !read_number(text.substr(17, 2), second))
    return std::nullopt;
  return midnight + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

void add_list(std::vector<std::string>& to, std::string_view text) {
  const auto separates = [](char c) { return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  for (auto start = std::find_if_not(text.begin(), text.end(), separates); start != text.end();) {
    const auto end = std::find_if(start, text.end(), separates);
    to.emplace_back(start, end);
    start = std::find_if_not(end, text.end(), separates);
  }
}

// A join repeats what belongs to one side in every row. In the time of sorting, since a list may be as long as a reply.
void drop_repeated(std::vector<std::string>& list) {
  std::vector<std::string_view> sorted(list.begin(), list.end());
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return;
  std::set<std::string> seen;
  list.erase(std::remove_if(list.begin(), list.end(), [&](const auto& item) { return !seen.insert(item).second; }),
             list.end());
}

// Where a field of that name goes; null for others.
std::vector<std::string>* list_of(Record& record, std::string_view field) {
  struct Known {
    std::string_view field;
    std::vector<std::string> Record::*list;
  };
  constexpr std::array<Known, 16> kLists{{
      {"address", &Record::addresses},
      {"addresses", &Record::addresses},
      {"mail", &Record::addresses},
      {"email", &Record::addresses},
      {"grant", &Record::grants},
      {"grants", &Record::grants},
      {"behalf", &Record::behalf},
      {"owner", &Record::owners},
      {"owners", &Record::owners},
      {"delegate", &Record::delegates},
      {"delegates", &Record::delegates},
      {"target", &Record::targets},
      {"targets", &Record::targets},
      {"goto", &Record::targets},
      {"destination", &Record::targets},
      {"destinations", &Record::targets},
  }};
  for (const Known& known : kLists) {
    if (known.field == field) return &(record.*known.list);
  }
  return nullptr;
}

}  // namespace

RowsDirectory::RowsDirectory(std::string name, std::shared_ptr<Source> source, std::vector<FactField> facts,
                             const Clock& clock, Counters& counters)
    : name_(std::move(name)),
      source_(std::move(source)),
      facts_(std::move(facts)),
      clock_(clock),
      bad_facts_(counters.get("accounts.bad_facts")),
      unreadable_(counters.get("accounts.unreadable_states")) {}

Answer RowsDirectory::login(std::string_view login, const Deadline& deadline) {
  if (!source_->has(Lookup::login)) return {};
  return ask(Lookup::login, std::string(login), deadline);
}

Answer RowsDirectory::address(std::string_view local, std::string_view domain, const Deadline& deadline) {
  std::string key = fmt::format("{}@{}", local, domain);
  if (source_->has(Lookup::address)) return ask(Lookup::address, std::move(key), deadline);
  if (!source_->has(Lookup::login) || local.empty()) return {};
  return ask(Lookup::login, std::move(key), deadline);
}

Answer RowsDirectory::ask(Lookup lookup, std::string key, const Deadline& deadline) {
  const Reply reply = source_->find({lookup, std::move(key)}, deadline);
  switch (reply.status) {
    case Reply::Status::found: return read(reply);
    case Reply::Status::absent: break;
    case Reply::Status::failed: return Answer::unsure(reply.problem, reply.late);
  }
  Answer answer = Answer::no();
  answer.stale = reply.stale;
  return answer;
}

Answer RowsDirectory::read(const Reply& reply) {
  Record record;
  for (const Row& row : reply.rows) {
    for (const auto& [field, value] : row.fields) {
      std::string problem;
      if (add(record, field, value, problem)) continue;
      unreadable_.add();
      return Answer::unsure(std::move(problem));
    }
  }
  if (reply.rows.size() > 1) {
    for (auto* list :
         {&record.addresses, &record.grants, &record.behalf, &record.owners, &record.delegates, &record.targets})
      drop_repeated(*list);
  }
  Answer answer = Answer::yes(std::move(record));
  answer.stale = reply.stale;
  return answer;
}

bool RowsDirectory::add(Record& record, std::string_view field, const std::string& value, std::string& problem) {
  for (const FactField& fact : facts_) {
    if (fact.field == field) add_fact(record, fact, value);
  }
  if (!add_state(record, field, value)) {
    problem = fmt::format("{} is no value of {}", printable(value, 40), field);
    return false;
  }
  if ((field == "login" || field == "user") && record.login.empty()) record.login = trim(value);
  if (field == "sendable") record.sendable = record.sendable && yes_or_no(value).value_or(false);
  if (auto* list = list_of(record, field)) add_list(*list, value);
  return true;
}

// Of several rows the worst counts.
bool RowsDirectory::add_state(Record& record, std::string_view field, std::string_view value) {
  std::optional<State> state = State::active;
  if (field == "active") {
    const auto active = yes_or_no(value);
    state = active ? std::optional(*active ? State::active : State::suspended) : std::nullopt;
  } else if (field == "state") {
    state = state_of(value);
  } else if (field == "expires") {
    const auto end = end_of(value);
    state = end ? std::optional(clock_.wall() < *end ? State::active : State::expired) : std::nullopt;
  }
  if (!state) return false;
  if (record.state == State::active) record.state = *state;
  return true;
}

void RowsDirectory::add_fact(Record& record, const FactField& fact, const std::string& value) {
  const std::string text(trim(value));
  switch (fact.type) {
    case FactField::Type::text: record.facts.try_emplace(fact.name, text); return;
    case FactField::Type::number: {
      std::int64_t number = 0;
      std::string_view digits = text;  // an average, or a numeric(10,2), may end in .00
      if (const std::size_t dot = digits.find('.');
          dot != std::string_view::npos && digits.find_first_not_of('0', dot + 1) == std::string_view::npos)
        digits = digits.substr(0, dot);
      if (!read_number(digits, number)) return bad_facts_.add();
      record.facts.try_emplace(fact.name, std::to_string(number));
      return;
    }
    case FactField::Type::yes_no: {
      const auto flag = yes_or_no(text);
      if (!flag) return bad_facts_.add();
      record.facts.try_emplace(fact.name, *flag ? "yes" : "no");
      return;
    }
  }
}

std::vector<FactField> read_typed_facts(Settings& settings) {
  std::vector<FactField> out;
  const Node* facts = settings.node("facts", "{name: text|number|yes-no}", "", "columns that become account.NAME");
  if (facts == nullptr) return out;
  if (!facts->is_map()) {
    settings.problems().error(facts->where, "facts: {name: text, number or yes-no} is expected");
    return out;
  }
  for (const auto& [name, type] : facts->entries) {
    FactField fact{name.text, ascii_lower(name.text), FactField::Type::text};
    if (type.text == "number")
      fact.type = FactField::Type::number;
    else if (type.text == "yes-no")
      fact.type = FactField::Type::yes_no;
    else if (type.text != "text")
      settings.problems().error(type.where,
                                fmt::format("facts: {} is none of text, number, yes-no", printable(type.text)));
    out.push_back(std::move(fact));
  }
  return out;
}

std::vector<FactField> facts_of_attributes(const Node* facts) {
  std::vector<FactField> out;
  if (facts == nullptr || !facts->is_map()) return out;
  for (const auto& [name, attribute] : facts->entries)
    out.push_back({name.text, "fact." + ascii_lower(name.text), FactField::Type::text});
  return out;
}

}  // namespace postern::accounts
