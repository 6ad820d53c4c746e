#include "policy/accounts/identity/learn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "policy/accounts/identity/normal_form.h"

namespace postern::accounts {

namespace {

using Day = std::chrono::sys_days;

constexpr char kSeparator = '\n';  // no form that can be compared holds one
constexpr std::array kMembers{Member::mail_from,   Member::from,          Member::sender,
                              Member::resent_from, Member::resent_sender, Member::reply_to};

struct Seen {
  std::int64_t count = 0;
  Day first, last;
};

std::string written(const Seen& seen) {
  return fmt::format("{} {} {}", seen.count, seen.first.time_since_epoch().count(),
                     seen.last.time_since_epoch().count());
}

std::optional<Seen> read(std::string_view value) {
  std::array<std::int64_t, 3> numbers{};
  const std::vector<std::string_view> parts = split(value, ' ');
  if (parts.size() != numbers.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    if (std::from_chars(parts[i].data(), end, numbers[i]).ptr != end || parts[i].empty()) return std::nullopt;
    if (numbers[i] < 0 || (i > 0 && numbers[i] > 2'932'896)) return std::nullopt;  // 9999-12-31
  }
  const auto day = [](std::int64_t n) { return Day(std::chrono::days(static_cast<int>(n))); };
  return Seen{numbers[0], day(numbers[1]), day(numbers[2])};
}

std::string date(Day day) {
  const std::chrono::year_month_day d(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                     static_cast<unsigned>(d.day()));
}

// In double quotes, as YAML and JSON read it; what may stand in a form needs no more.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// What one grant would have been for.
struct Need {
  std::int64_t messages = 0;  ///< a message uses an address as several members: of these the most
  Day first, last;
  std::set<Member> members;

  void add(const Observation& seen) {
    first = members.empty() ? seen.first : std::min(first, seen.first);
    last = members.empty() ? seen.last : std::max(last, seen.last);
    messages = std::max(messages, seen.count);
    members.insert(seen.member);
  }
  void add(const Need& other) {
    first = members.empty() ? other.first : std::min(first, other.first);
    last = members.empty() ? other.last : std::max(last, other.last);
    messages += other.messages;
    members.insert(other.members.begin(), other.members.end());
  }
  std::string text() const {
    std::vector<std::string> names;
    for (const Member member : members) names.emplace_back(name(member));
    return fmt::format("{} {}, {} to {}: {}", messages, messages == 1 ? "message" : "messages", date(first), date(last),
                       join(names, ", "));
  }
};

using Needs = std::map<std::string, Need>;  // by the grant

// The address as a grant has it, its local part in quotes where it must be.
std::string grant_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return Mailbox{.local = std::string(address.substr(0, at)), .domain = {}, .literal = {}}.text() +
         std::string(address.substr(at));
}

std::string domain_of(std::string_view address) { return std::string(address.substr(address.rfind('@') + 1)); }

// Addresses of a domain that has many of them become one grant.
Needs with_whole_domains(const Needs& needs, std::size_t whole_domain) {
  std::map<std::string, std::size_t> addresses;
  for (const auto& [address, need] : needs) ++addresses[domain_of(address)];
  Needs out;
  for (const auto& [address, need] : needs) {
    const std::string domain = domain_of(address);
    const bool is_whole = whole_domain > 0 && addresses[domain] >= whole_domain && !domain.starts_with('[');
    out[is_whole ? '@' + domain : address].add(need);
  }
  return out;
}

}  // namespace

bool observe(store::Store& store, std::string_view login, Member member, const Mailbox& address, WallTime now,
             const LearnOptions& options, Counters* counters) {
  const auto form = login_form(login, {}, options.letters);
  const auto key = address_key(address, options.letters);
  if (!form || !key || key->domain.empty()) return false;
  const std::string prefix = *form + kSeparator;
  const std::string place = prefix + key->text() + kSeparator + std::string(name(member));
  const Day today = std::chrono::floor<std::chrono::days>(now);
  Seen seen{0, today, today};
  if (const auto entry = store.get(store::Space::observed_grant, place)) {
    if (const auto before = read(entry->value)) seen = *before;
  } else if (store.list(store::Space::observed_grant, prefix, options.most).size() >= options.most) {
    if (counters != nullptr) counters->get("accounts.learn.capped").add();
    return false;
  }
  ++seen.count;
  seen.last = std::max(seen.last, today);
  store.put(store::Space::observed_grant, place, written(seen), now + options.keep);
  return true;
}

std::vector<Observation> observations(const std::vector<store::Store::Listed>& listed) {
  std::vector<Observation> all;
  for (const auto& [key, entry] : listed) {
    const std::vector<std::string_view> parts = split(key, kSeparator);
    const auto seen = read(entry.value);
    if (parts.size() != 3 || !seen || parts[1].find('@') == std::string_view::npos) continue;
    const auto member =
        std::find_if(kMembers.begin(), kMembers.end(), [&](Member known) { return name(known) == parts[2]; });
    if (member == kMembers.end()) continue;
    all.push_back({std::string(parts[0]), std::string(parts[1]), *member, seen->count, seen->first, seen->last});
  }
  return all;
}

std::string propose(const std::vector<Observation>& seen, const ProposeOptions& options) {
  std::map<std::string, Needs> logins;
  for (const Observation& one : seen) {
    if (one.count >= options.min_count) logins[one.login][grant_of(one.address)].add(one);
  }
  std::string out = logins.empty() ? "" : "accounts:\n";
  for (const auto& [login, needs] : logins) {
    out += fmt::format("  {}:\n    grants:\n", quoted(login));
    for (const auto& [grant, need] : with_whole_domains(needs, options.whole_domain))
      out += fmt::format("      - {}  # {}\n", quoted(grant), need.text());
  }
  return out;
}

}  // namespace postern::accounts
