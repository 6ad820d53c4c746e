#include "policy/auth/spf/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "policy/base/text.h"

namespace postern::spf {

namespace {

constexpr std::string_view kVersion = "v=spf1";
constexpr std::size_t kShownBytes = 60;  // local: of a term in an error

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error wrong(std::string_view what, std::string_view term) {
  return {fmt::format("{} \"{}\"", what, printable(term, kShownBytes)), {}};
}

/// How the grammar of a mechanism goes on behind its name (RFC 7208 5).
enum class Tail { none, target, optional_target, optional_target_and_prefixes, network };
struct Grammar {
  std::string_view name;
  MechanismType type;
  Tail tail;
};
constexpr std::array<Grammar, 8> kGrammar{{
    {"all", MechanismType::all, Tail::none},
    {"include", MechanismType::include, Tail::target},
    {"a", MechanismType::a, Tail::optional_target_and_prefixes},
    {"mx", MechanismType::mx, Tail::optional_target_and_prefixes},
    {"ptr", MechanismType::ptr, Tail::optional_target},
    {"ip4", MechanismType::ip4, Tail::network},
    {"ip6", MechanismType::ip6, Tail::network},
    {"exists", MechanismType::exists, Tail::target},
}};

// Takes `slashes` and a number off the end of `rest`. False where the number is no prefix length (RFC 7208 5: no more
// than `bits`, without leading zeros); `prefix` stays where there is none.
bool take_prefix(std::string_view& rest, std::string_view slashes, int bits, int& prefix) {
  std::size_t digits = rest.size();
  while (digits > 0 && is_digit(rest[digits - 1])) --digits;
  if (digits == rest.size() || !rest.substr(0, digits).ends_with(slashes)) return true;
  const std::string_view number = rest.substr(digits);
  rest.remove_suffix(number.size() + slashes.size());
  if (number.size() > 3 || (number.size() > 1 && number.front() == '0')) return false;
  std::from_chars(number.data(), number.data() + number.size(), prefix);
  return prefix <= bits;
}

// Of ip6: one within ::ffff:0:0/96 holds no address, since those are IPv4 (RFC 7208 5); a wider one around it holds the
// others.
std::optional<Network> network6(const IpAddress& address, int prefix) {
  if (!address.is_v4()) return Network(address, prefix);
  if (prefix >= 96) return std::nullopt;
  return Network(IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe, 0, 0, 0, 0}), prefix);
}

// Behind "ip4:" and "ip6:" (RFC 7208 5.6).
bool read_network(std::string_view rest, Mechanism& mechanism) {
  const bool four = mechanism.type == MechanismType::ip4;
  const int bits = four ? 32 : 128;
  int prefix = bits;
  if (!rest.starts_with(':') || !take_prefix(rest, "/", bits, prefix)) return false;
  rest.remove_prefix(1);
  const auto address = IpAddress::parse(rest);
  if (!address || four != (rest.find(':') == std::string_view::npos)) return false;
  mechanism.network = four ? Network(*address, prefix) : network6(*address, prefix);
  return true;
}

bool read_tail(Tail tail, std::string_view rest, Mechanism& mechanism) {
  switch (tail) {
    case Tail::none: return rest.empty();
    case Tail::network: return read_network(rest, mechanism);
    case Tail::optional_target_and_prefixes:
      if (!take_prefix(rest, "//", 128, mechanism.prefix6) || !take_prefix(rest, "/", 32, mechanism.prefix4))
        return false;
      [[fallthrough]];
    case Tail::optional_target:
      if (rest.empty()) return true;
      [[fallthrough]];
    case Tail::target:
      if (!rest.starts_with(':')) return false;
      mechanism.target = MacroString::parse_domain_spec(rest.substr(1));
      return mechanism.target.has_value();
  }
  return false;
}

std::optional<Status> qualifier(char c) {  // RFC 7208 4.6.2
  switch (c) {
    case '+': return Status::pass;
    case '-': return Status::fail;
    case '~': return Status::softfail;
    case '?': return Status::neutral;
  }
  return std::nullopt;
}

std::optional<Error> add_mechanism(Record& record, std::string_view term) {
  Mechanism mechanism;
  mechanism.text = term;
  std::string_view rest = term;
  if (const auto given = qualifier(rest.front())) {
    mechanism.result = *given;
    rest.remove_prefix(1);
  }
  const std::string_view name = rest.substr(0, rest.find_first_of(":/"));
  rest.remove_prefix(name.size());
  const auto* const found =
      std::find_if(kGrammar.begin(), kGrammar.end(), [&](const Grammar& g) { return ascii_iequals(g.name, name); });
  if (found == kGrammar.end()) return wrong("unknown mechanism", term);
  mechanism.type = found->type;
  if (!read_tail(found->tail, rest, mechanism)) return wrong("syntax error in", term);
  record.mechanisms.push_back(std::move(mechanism));
  return std::nullopt;
}

// Where the "=" behind a modifier's name stands (RFC 7208 4.6.1); nothing where the term is none.
std::optional<std::size_t> end_of_name(std::string_view term) {
  if (!is_alpha(term.front())) return std::nullopt;
  std::size_t i = 1;
  while (i < term.size() &&
         (is_alpha(term[i]) || is_digit(term[i]) || std::string_view("-_.").find(term[i]) != std::string_view::npos))
    ++i;
  return i < term.size() && term[i] == '=' ? std::optional(i) : std::nullopt;
}

std::optional<Error> add_modifier(Record& record, std::string_view term, std::size_t equals) {
  const std::string_view name = term.substr(0, equals);
  const std::string_view value = term.substr(equals + 1);
  auto* const known = ascii_iequals(name, "redirect") ? &record.redirect
                      : ascii_iequals(name, "exp")    ? &record.explanation
                                                      : nullptr;
  if (known == nullptr) {  // RFC 7208 6: ignored, but for its syntax
    return MacroString::parse(value) ? std::nullopt : std::optional(wrong("syntax error in", term));
  }
  if (*known) return wrong("more than one", name);  // RFC 7208 6
  *known = MacroString::parse_domain_spec(value);
  return *known ? std::nullopt : std::optional(wrong("syntax error in", term));
}

}  // namespace

bool is_record(std::string_view text) {
  return ascii_iequals(text.substr(0, kVersion.size()), kVersion) &&
         (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

postern::Result<Record> parse_record(std::string_view text) {
  Record record;
  text.remove_prefix(kVersion.size());
  for (const std::string_view term : split(text, ' ')) {  // RFC 7208 4.6.1: one or more spaces, and at the end
    if (term.empty()) continue;
    const auto equals = end_of_name(term);
    auto error = equals ? add_modifier(record, term, *equals) : add_mechanism(record, term);
    if (error) return *std::move(error);
  }
  return record;
}

}  // namespace postern::spf
