#include "policy/rules/list_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

constexpr std::int64_t kNever = INT64_MAX;
constexpr std::size_t kMaxEntryBytes = 1000;  // local

bool lives(std::int64_t end, std::int64_t unix_time) { return unix_time < end; }

std::string masked(const IpAddress& ip, int prefix) {
  std::string bytes(reinterpret_cast<const char*>(ip.bytes().data()), static_cast<std::size_t>(ip.bits() / 8));
  for (int bit = prefix; bit < ip.bits(); ++bit) {
    char& byte = bytes[static_cast<std::size_t>(bit / 8)];
    byte = static_cast<char>(static_cast<unsigned char>(byte) & ~(0x80u >> (bit % 8)));
  }
  return bytes;
}

std::string domain_key(std::string_view text) {
  if (const auto domain = Domain::parse(text)) return domain->text();
  return fold(text);
}

std::string domain_of(const Mailbox& mailbox) {
  if (mailbox.domain) return mailbox.domain->text();
  return mailbox.literal ? fmt::format("[{}]", mailbox.literal->text()) : std::string();
}

class FixedList final : public List {
 public:
  explicit FixedList(ListEntries entries) : entries_(std::move(entries)) {}
  Answer contains(const Value& value, std::int64_t unix_time) const override {
    return entries_.contains(value, unix_time) ? Answer::yes : Answer::no;
  }
  std::size_t size() const override { return entries_.size(); }

 private:
  ListEntries entries_;
};

}  // namespace

std::optional<std::int64_t> parse_until(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t n) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + n, value);
    return error == std::errc() && end == text.data() + at + n ? value : -1;
  };
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 1970 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto after = std::chrono::sys_days(date) + std::chrono::days(1);
  return std::chrono::duration_cast<std::chrono::seconds>(after.time_since_epoch()).count();
}

std::shared_ptr<const List> make_list(ListEntries entries) { return std::make_shared<FixedList>(std::move(entries)); }

std::optional<std::string> ListEntries::add(std::string_view text) {
  text = trim(text);
  if (text.size() > kMaxEntryBytes) return "an entry has at most 1000 bytes";
  std::int64_t end = kNever;
  if (const std::size_t until = text.rfind(" until "); until != std::string_view::npos) {
    const auto moment = parse_until(trim(text.substr(until + 7)));
    if (!moment) return fmt::format("\"{}\" is no date: write until 2026-12-31", printable(text.substr(until + 7)));
    end = *moment;
    text = trim(text.substr(0, until));
  }
  if (text.empty()) return "an entry is empty";
  const auto put = [&](Ends& ends, std::string key) {
    const auto [at, fresh] = ends.emplace(std::move(key), end);
    if (fresh)
      ++size_;
    else
      at->second = std::max(at->second, end);
    return std::optional<std::string>();
  };
  if (const auto network = Network::parse(text)) {
    const std::string form = network->text();
    const std::size_t slash = form.find('/');
    const auto ip = IpAddress::parse(std::string_view(form).substr(0, slash));
    int prefix = 0;
    std::from_chars(form.data() + slash + 1, form.data() + form.size(), prefix);
    return put(networks_[{ip->is_v4(), prefix}], masked(*ip, prefix));
  }
  if (text.find('/') != std::string_view::npos && IpAddress::parse(text.substr(0, text.find('/')))) {
    return fmt::format("\"{}\" is no network: bits behind the prefix must be 0, and it fits the address",
                       printable(text));
  }
  if (text.find('@') != std::string_view::npos) {
    const Path path = Path::parse(text);
    if (!path.mailbox || (!path.mailbox->domain && !path.mailbox->literal))
      return fmt::format("\"{}\" is no address", printable(text));
    return put(addresses_, fold(path.mailbox->local) + '@' + domain_of(*path.mailbox));
  }
  if (text.front() == '.') {
    const auto domain = Domain::parse(text.substr(1));
    if (!domain) return fmt::format("\"{}\" is no domain", printable(text));
    return put(suffixes_, domain->text());
  }
  return put(exact_, domain_key(text));
}

bool ListEntries::contains(const Value& value, std::int64_t unix_time) const {
  if (const auto* ip = std::get_if<IpAddress>(&value)) return contains_ip(*ip, unix_time);
  if (const auto* domain = std::get_if<Domain>(&value)) return contains_name(domain->text(), unix_time);
  if (const auto* mailbox = std::get_if<Mailbox>(&value))
    return contains_address(fold(mailbox->local), domain_of(*mailbox), unix_time);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return contains_name(std::to_string(*number), unix_time);
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return false;
  if (!networks_.empty()) {
    if (const auto ip = IpAddress::parse(*text); ip && contains_ip(*ip, unix_time)) return true;
  }
  if (const std::size_t at = text->rfind('@'); at != std::string::npos && !addresses_.empty()) {
    if (contains_address(fold(std::string_view(*text).substr(0, at)),
                         domain_key(std::string_view(*text).substr(at + 1)), unix_time))
      return true;
  }
  return contains_name(domain_key(*text), unix_time);
}

bool ListEntries::contains_name(const std::string& folded, std::int64_t unix_time) const {
  const auto has = [&](const Ends& ends, const std::string& key) {
    const auto found = ends.find(key);
    return found != ends.end() && lives(found->second, unix_time);
  };
  if (has(exact_, folded)) return true;
  if (suffixes_.empty()) return false;
  for (std::size_t at = 0; at != std::string::npos;) {
    if (has(suffixes_, folded.substr(at))) return true;
    at = folded.find('.', at);
    if (at != std::string::npos) ++at;
  }
  return false;
}

bool ListEntries::contains_address(const std::string& local, const std::string& domain, std::int64_t unix_time) const {
  const auto has = [&](const std::string& key) {
    const auto found = addresses_.find(key);
    return found != addresses_.end() && lives(found->second, unix_time);
  };
  if (has(local + '@' + domain)) return true;
  const std::size_t plus = local.find('+');  // LANGUAGE 3: +tag ignored
  return plus != std::string::npos && plus > 0 && has(local.substr(0, plus) + '@' + domain);
}

bool ListEntries::contains_ip(const IpAddress& ip, std::int64_t unix_time) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const auto& group) {
    const auto& [shape, ends] = group;
    if (shape.first != ip.is_v4()) return false;
    const auto found = ends.find(masked(ip, shape.second));
    return found != ends.end() && lives(found->second, unix_time);
  });
}

}  // namespace postern::rules
