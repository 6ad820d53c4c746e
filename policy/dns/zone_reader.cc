#include <algorithm>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"
#include "policy/dns/zone.h"
#include "policy/dns/zone_lexer.h"

namespace postern::dns {

namespace {

constexpr std::uint32_t kDefaultTtl = 300;  // local: where neither the record nor $TTL says

struct TypeName {
  std::string_view name;
  std::uint16_t number;
};
constexpr TypeName kTypes[] = {
    {"A", 1},      {"NS", 2},       {"CNAME", 5}, {"SOA", 6},     {"PTR", 12},   {"HINFO", 13},      {"MX", 15},
    {"TXT", 16},   {"RP", 17},      {"AAAA", 28}, {"SRV", 33},    {"NAPTR", 35}, {"DNAME", 39},      {"DS", 43},
    {"SSHFP", 44}, {"RRSIG", 46},   {"NSEC", 47}, {"DNSKEY", 48}, {"NSEC3", 50}, {"NSEC3PARAM", 51}, {"TLSA", 52},
    {"CDS", 59},   {"CDNSKEY", 60}, {"SVCB", 64}, {"HTTPS", 65},  {"SPF", 99},   {"URI", 256},       {"CAA", 257},
};

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> type_number(std::string_view text) {
  for (const TypeName& type : kTypes) {
    if (ascii_iequals(text, type.name)) return type.number;
  }
  if (text.size() > 4 && ascii_iequals(text.substr(0, 4), "TYPE")) {  // RFC 3597 5
    if (const auto value = number(text.substr(4), 65535)) return static_cast<std::uint16_t>(*value);
  }
  return std::nullopt;
}

// `300`, `1h30m`.
std::optional<std::uint32_t> ttl_value(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  if (const auto plain = number(text, 0x7fffffff)) return plain;  // RFC 2181 8
  std::uint64_t total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto value = number(text.substr(0, digits), 0x7fffffff);
    if (!value || digits == text.size()) return std::nullopt;
    constexpr std::string_view kUnits = "smhdw";
    constexpr std::uint32_t kSeconds[] = {1, 60, 3600, 86400, 604800};
    const std::size_t unit = kUnits.find(static_cast<char>(text[digits] | 0x20));
    if (unit == std::string_view::npos) return std::nullopt;
    total += std::uint64_t{*value} * kSeconds[unit];
    if (total > 0x7fffffff) return std::nullopt;
    text.remove_prefix(digits + 1);
  }
  return static_cast<std::uint32_t>(total);
}

std::optional<ZoneFault> fault_kind(std::string_view word) {
  if (ascii_iequals(word, "NXDOMAIN")) return ZoneFault::nxdomain;
  if (ascii_iequals(word, "SERVFAIL")) return ZoneFault::servfail;
  if (ascii_iequals(word, "TIMEOUT")) return ZoneFault::timeout;
  if (ascii_iequals(word, "BOGUS")) return ZoneFault::bogus;
  return std::nullopt;
}

}  // namespace

/// Reads one master text into a Zone, up to the first thing that is wrong.
class ZoneReader {
 public:
  ZoneReader(Zone& zone, std::string_view text) : zone_(zone), lexer_(text) {}

  /// What is wrong, where something is.
  std::optional<ZoneFailure> read() {
    for (ZoneEntry entry; !failure_ && lexer_.next(entry);) {
      switch (entry.kind) {
        case ZoneEntry::Kind::directive: directive(entry.words); break;
        case ZoneEntry::Kind::fault: fault(entry.words); break;
        case ZoneEntry::Kind::record: record(entry.words, entry.continued); break;
      }
    }
    return failure_ ? failure_ : lexer_.failure();
  }

 private:
  void fail(const ZoneWord& at, std::string message) {
    if (!failure_) failure_ = ZoneFailure{std::move(message), at.line, at.column};
  }

  void fault(const std::vector<ZoneWord>& words) {
    if (words.size() < 3 || words.size() > 4)
      return fail(words[0], "a fault is: FAULT name [type] NXDOMAIN|SERVFAIL|TIMEOUT|BOGUS");
    const ZoneWord& kind = words.back();
    const auto fault = fault_kind(kind.text);
    if (!fault)
      return fail(kind, fmt::format("no fault \"{}\": NXDOMAIN, SERVFAIL, TIMEOUT or BOGUS", printable(kind.text, 40)));
    const bool typed = words.size() == 4;
    const std::uint16_t type = typed ? type_number(words[2].text).value_or(0) : std::uint16_t{0};
    if (typed && type == 0)
      return fail(words[2], fmt::format("unknown record type \"{}\"", printable(words[2].text, 40)));
    const auto owner = domain_name(words[1]);
    if (!owner) return;
    Zone::Node& node = zone_.make_owner(*owner, *fault != ZoneFault::nxdomain);
    if (typed)
      node.type_faults[type] = *fault;
    else
      node.fault = fault;
  }

  void directive(const std::vector<ZoneWord>& entry) {
    const std::string word = printable(entry[0].text, 40);
    if (ascii_iequals(word, "$ORIGIN") && entry.size() == 2) {
      if (const auto origin = domain_name(entry[1])) origin_ = *origin;
    } else if (ascii_iequals(word, "$TTL") && entry.size() == 2) {
      const auto ttl = ttl_value(entry[1].text);
      if (!ttl) return fail(entry[1], fmt::format("\"{}\" is no TTL", printable(entry[1].text, 40)));
      ttl_ = *ttl;
    } else if (ascii_iequals(word, "$ORIGIN") || ascii_iequals(word, "$TTL")) {
      fail(entry[0], fmt::format("{} takes one word", word));
    } else {
      fail(entry[0], fmt::format("{} is not read here: $ORIGIN and $TTL are", word));
    }
  }

  void record(const std::vector<ZoneWord>& entry, bool continued) {
    std::size_t i = 0;
    if (!continued) owner_ = domain_name(entry[i++]);
    if (!owner_)
      return fail(entry[0], "a line that begins with a blank belongs to the name before it, and there is none");
    ZoneRecord record{.type = 0, .ttl = ttl_, .address = {}, .preference = 0, .host = {}, .strings = {}};
    for (bool ttl = false, zone_class = false; i < entry.size(); ++i) {  // RFC 1035 5.1: both optional, in either order
      const auto value = ttl_value(entry[i].text);
      if (value && !ttl) {
        ttl = true;
        record.ttl = *value;
      } else if (ascii_iequals(entry[i].text, "IN") && !zone_class) {
        zone_class = true;
      } else {
        break;
      }
    }
    if (i == entry.size()) return fail(entry.back(), "a record type is missing");
    const auto type = type_number(entry[i].text);
    if (!type) {
      return fail(entry[i],
                  fmt::format("unknown record type \"{}\"{}", printable(entry[i].text, 40),
                              continued ? "; a line that begins with a blank belongs to the name before it" : ""));
    }
    record.type = *type;
    rdata(record, entry[i], std::span(entry).subspan(i + 1));
    if (!failure_) zone_.make_owner(*owner_, true).records.push_back(std::move(record));
  }

  void rdata(ZoneRecord& record, const ZoneWord& type, std::span<const ZoneWord> words) {
    const auto takes = [&](std::size_t n) {
      if (words.size() != n)
        fail(type, fmt::format("{} takes {} word{}", printable(type.text, 40), n, n == 1 ? "" : "s"));
      return words.size() == n;
    };
    switch (static_cast<Type>(record.type)) {
      case Type::a:
      case Type::aaaa:
        if (takes(1)) address(record, words[0]);
        return;
      case Type::cname:
      case Type::ptr:
        if (takes(1)) record.host = domain_name(words[0]).value_or("");
        return;
      case Type::mx: {
        if (!takes(2)) return;
        const auto preference = number(words[0].text, 65535);
        if (!preference) return fail(words[0], fmt::format("\"{}\" is no MX preference", printable(words[0].text, 40)));
        record.preference = static_cast<std::uint16_t>(*preference);
        record.host = domain_name(words[1]).value_or("");
        return;
      }
      case Type::txt:
        if (words.empty()) fail(type, "TXT takes at least one string");
        for (const ZoneWord& word : words) {
          const auto octets = unescape(word.text);
          if (!octets) return fail(word, "broken escape");
          record.strings.push_back(*octets);
        }
        return;
    }
  }

  // A mapped IPv4 address is written as IPv6, and is IPv4 once it is parsed.
  void address(ZoneRecord& record, const ZoneWord& word) {
    record.address = IpAddress::parse(word.text);
    const bool six = word.text.find(':') != std::string_view::npos;
    if (!record.address || six != (record.type == static_cast<std::uint16_t>(Type::aaaa))) {
      fail(word, fmt::format("\"{}\" is no IPv{} address", printable(word.text, 60), record.type == 1 ? 4 : 6));
    }
  }

  std::optional<std::string> domain_name(const ZoneWord& token) {
    if (token.text == "@") return origin_;
    if (token.text == ".") return std::string();
    const std::string shown = printable(token.text, 80);
    std::string name;
    bool more = !token.quoted && !token.text.empty();
    bool absolute = false;
    if (!more) fail(token, "a name is expected");
    for (std::string_view rest = token.text; more;) {
      std::size_t end = 0;
      while (end < rest.size() && rest[end] != '.') end += rest[end] == '\\' && end + 1 < rest.size() ? 2 : 1;
      const auto octets = unescape(rest.substr(0, end));
      if (!octets || octets->empty()) fail(token, fmt::format("\"{}\" is no name", shown));
      append_label(name, octets.value_or(""));
      absolute = end + 1 == rest.size();
      more = end < rest.size() && !absolute;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!absolute && !origin_.empty()) name += '.' + origin_;
    const auto wide = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    if (std::any_of(token.text.begin(), token.text.end(), wide)) fail(token, "a name is written in A-labels (xn--…)");
    if (!to_wire(name)) fail(token, fmt::format("\"{}\" is too long for a name", shown));
    if (failure_) return std::nullopt;
    return name;
  }

  Zone& zone_;
  ZoneLexer lexer_;
  std::string origin_;
  std::uint32_t ttl_ = kDefaultTtl;
  std::optional<std::string> owner_;
  std::optional<ZoneFailure> failure_;
};

std::optional<Error> Zone::add(const std::string& file, std::string_view text) {
  const auto failure = ZoneReader(*this, text).read();
  if (failure) return Error{failure->message, {file, failure->line, failure->column}};
  return std::nullopt;
}

}  // namespace postern::dns
