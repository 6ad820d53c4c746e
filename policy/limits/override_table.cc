#include "policy/limits/override_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/base/ip.h"
#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/rules/list_entries.h"

namespace postern::limits {

namespace {

constexpr std::int64_t kDay = 24 * 3600;
constexpr std::size_t kMostKeyTextBytes = 600;  // local: an address has at most 320

std::string domain_form(std::string_view text) {
  if (const auto domain = Domain::parse(text)) return domain->text();
  return fold(text);
}

struct Block {
  IpAddress ip;
  int prefix = 0;

  std::string form() const {
    auto bytes = ip.bytes();
    for (int bit = prefix; bit < ip.bits(); ++bit)
      bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
    const IpAddress first = ip.is_v4() ? IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]}) : IpAddress::v6(bytes);
    return Network(first, prefix).text();
  }
};

std::optional<Block> block_of(std::string_view text) {
  const auto network = Network::parse(text);
  if (!network) return std::nullopt;
  const std::string form = network->text();
  const std::size_t slash = form.find('/');
  const auto ip = IpAddress::parse(std::string_view(form).substr(0, slash));
  Block block{.ip = *ip, .prefix = 0};
  std::from_chars(form.data() + slash + 1, form.data() + form.size(), block.prefix);
  return block;
}

// How a name is kept and asked for: addresses and domains without case, domains as A-labels.
std::string form_of(std::string_view name) {
  if (const std::size_t at = name.rfind('@'); at != std::string_view::npos)
    return fold(name.substr(0, at)) + '@' + domain_form(name.substr(at + 1));
  if (name.size() > 1 && name.front() == '.') return '.' + domain_form(name.substr(1));
  return domain_form(name);
}

std::optional<std::string> wrong_key(std::string_view key) {
  if (key.size() > kMostKeyTextBytes) return fmt::format("a key has at most {} bytes", kMostKeyTextBytes);
  if (std::any_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return "a key with a control byte";
  if (key.find('/') != std::string_view::npos && IpAddress::parse(key.substr(0, key.find('/'))) && !Network::parse(key))
    return fmt::format("\"{}\" is no network: bits behind the prefix must be 0, and it fits the address", key);
  if (key.front() == '.' && !Domain::parse(key.substr(1))) return fmt::format("\"{}\" is no domain", printable(key));
  if (key.find('@') == std::string_view::npos) return std::nullopt;
  const Path path = Path::parse(key);
  if (!path.mailbox || key.front() == '<') return fmt::format("\"{}\" is no address", printable(key));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> OverrideTable::read_allow(std::string_view text, Override& out) const {
  const std::vector<std::string_view> parts = split(text, ',');
  for (const std::string_view part : parts) {
    if (const std::string_view word = trim(part); word == "off" || word == "unlimited") {
      if (parts.size() > 1) return fmt::format("\"{}\" stands alone", word);
      out.exempt = true;
      return std::nullopt;
    }
    const Result<AllowanceText> read = parse_allowance(part, {});
    if (!read) return read.error().message;
    if (!read->fact.empty()) return fmt::format("\"{}\": a number stands here, not a fact", printable(trim(part)));
    if (std::any_of(out.allow.begin(), out.allow.end(), [&](const Allowance& a) { return a.window == read->window; }))
      return "two windows of one length";
    out.allow.push_back({.most = read->most, .window = read->window, .burst = read->burst});
  }
  if (out.allow.size() > kMostWindows) return fmt::format("over {} windows", kMostWindows);
  return std::nullopt;
}

std::optional<std::string> OverrideTable::add(std::string_view line) {
  line = trim(line);
  if (entries_.size() >= kMostOverrides) return fmt::format("over {} lines", kMostOverrides);
  const std::string_view key = line.substr(0, line.find_first_of(" \t"));
  std::string_view allow = trim(line.substr(key.size()));
  if (key.empty() || allow.empty()) return "a line has a key and what it may: KEY 500/24h";
  if (auto why = wrong_key(key)) return why;

  Entry entry;
  if (const std::size_t until = allow.rfind("until"); until != std::string_view::npos) {
    const auto end = rules::parse_until(trim(allow.substr(until + 5)));
    if (!end) return fmt::format("\"{}\" is no date: write until 2026-12-31", printable(trim(allow.substr(until + 5))));
    entry.end_day = static_cast<std::uint32_t>(*end / kDay);
    allow = trim(allow.substr(0, until));
  }
  if (const auto known = seen_.find(std::string(allow)); known != seen_.end()) {
    entry.allow = known->second;
  } else {
    Override read;
    if (auto why = read_allow(allow, read)) return why;
    entry.allow = static_cast<std::uint32_t>(allowed_.size());
    allowed_.push_back(std::move(read));
    seen_.emplace(allow, entry.allow);
  }

  const std::optional<Block> block = block_of(key);
  if (block) prefixes_[block->ip.is_v4() ? 1 : 0].set(static_cast<std::size_t>(block->prefix));
  const std::string form = block ? block->form() : form_of(key);
  entry.key = static_cast<std::uint32_t>(keys_.size());
  entry.key_size = static_cast<std::uint16_t>(form.size());
  keys_ += form;
  entries_.push_back(entry);
  return std::nullopt;
}

void OverrideTable::finish() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); });
  seen_ = {};
  keys_.shrink_to_fit();
  entries_.shrink_to_fit();
}

std::optional<Override> OverrideTable::exact(std::string_view form, std::int64_t unix_time) const {
  auto entry = std::lower_bound(entries_.begin(), entries_.end(), form,
                                [&](const Entry& e, std::string_view text) { return key_of(e) < text; });
  for (; entry != entries_.end() && key_of(*entry) == form; ++entry) {
    if (entry->end_day == 0 || unix_time < std::int64_t{entry->end_day} * kDay) return allowed_[entry->allow];
  }
  return std::nullopt;
}

std::optional<Override> OverrideTable::find_network(std::string_view key, std::int64_t unix_time) const {
  std::optional<Block> block = block_of(key);
  if (!block) return std::nullopt;
  const std::bitset<129>& lengths = prefixes_[block->ip.is_v4() ? 1 : 0];
  for (; block->prefix >= 0; --block->prefix) {
    if (!lengths.test(static_cast<std::size_t>(block->prefix))) continue;
    if (auto found = exact(block->form(), unix_time)) return found;
  }
  return std::nullopt;
}

std::optional<Override> OverrideTable::find_within(const std::string& domain, std::int64_t unix_time) const {
  if (auto found = exact(domain, unix_time)) return found;
  for (std::size_t at = 0;;) {
    if (auto found = exact('.' + domain.substr(at), unix_time)) return found;
    at = domain.find('.', at);
    if (at == std::string::npos || ++at >= domain.size()) return std::nullopt;
  }
}

std::optional<Override> OverrideTable::find(std::string_view key, std::int64_t unix_time) const {
  if (entries_.empty() || key.empty() || key.size() > kMostKeyTextBytes) return std::nullopt;
  if (auto found = find_network(key, unix_time)) return found;
  const std::string form = form_of(key);
  const std::size_t at = form.rfind('@');
  if (at == std::string::npos) return find_within(form, unix_time);
  if (auto found = exact(form, unix_time)) return found;
  const std::string domain = form.substr(at + 1);
  if (const std::size_t plus = form.find('+'); plus > 0 && plus < at) {  // LANGUAGE 3: the tag does not count
    if (auto found = exact(form.substr(0, plus) + '@' + domain, unix_time)) return found;
  }
  return find_within(domain, unix_time);
}

}  // namespace postern::limits
