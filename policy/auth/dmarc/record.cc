#include <algorithm>
#include <charconv>
#include <map>

#include "policy/auth/dmarc/dmarc.h"
#include "policy/base/text.h"

namespace postern::dmarc {

namespace {

constexpr std::size_t kMostRecordBytes = 16 * 1024;  // FAULTS T41: what DNS gives us at most
constexpr std::size_t kMostTags = 100;               // local: eleven are registered
constexpr std::size_t kMostUris = 20;                // local: dmarc.h

using Tags = std::map<std::string, std::string_view>;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The tags behind the version, names in lower case. Nothing where one is there twice (RFC 6376 3.2, which RFC 9989 4.7
// refers to; FAULTS T35).
std::optional<Tags> read_tags(std::string_view text) {
  Tags tags;
  for (const std::string_view piece : split(text, ';')) {
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;  // RFC 9989 4.7: syntax errors in the remainder are ignored
    std::string name = ascii_lower(trim(piece.substr(0, equals)));
    if (!tags.emplace(std::move(name), trim(piece.substr(equals + 1))).second) return std::nullopt;
    if (tags.size() > kMostTags) return std::nullopt;
  }
  return tags;
}

std::optional<std::string_view> find(const Tags& tags, std::string_view name) {
  const auto found = tags.find(std::string(name));
  return found == tags.end() ? std::nullopt : std::optional(found->second);
}

bool says(const Tags& tags, std::string_view name, std::string_view value) {
  const auto found = find(tags, name);
  return found && ascii_iequals(*found, value);
}

std::optional<Policy> parse_policy(std::string_view text) {
  for (const Policy policy : {Policy::none, Policy::quarantine, Policy::reject})
    if (ascii_iequals(text, name(policy))) return policy;
  return std::nullopt;
}

// A URI as far as it matters (RFC 3986 3): a scheme and something behind it. RFC 7489 6.2 lets a size follow: `!10m`.
bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size() || !is_alpha(text[0])) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) return false;
  const std::size_t mark = text.find('!');
  if (mark == std::string_view::npos) return true;
  std::string_view size = text.substr(mark + 1);
  if (!size.empty() && std::string_view("kmgtKMGT").find(size.back()) != std::string_view::npos) size.remove_suffix(1);
  return !size.empty() && std::all_of(size.begin(), size.end(), is_digit);
}

std::vector<std::string> read_uris(const Tags& tags, std::string_view name) {
  std::vector<std::string> uris;
  for (const std::string_view piece : split(find(tags, name).value_or(""), ',')) {
    if (uris.size() == kMostUris) break;
    if (is_uri(trim(piece))) uris.emplace_back(trim(piece));
  }
  return uris;
}

bool is_failure_options(std::string_view text) {
  const auto parts = split(text, ':');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    part = trim(part);
    return part.size() == 1 && std::string_view("01dsDS").find(part[0]) != std::string_view::npos;
  });
}

int read_percent(const Tags& tags) {
  const std::string_view text = find(tags, "pct").value_or("");
  int percent = 100;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const bool good = error == std::errc() && end == text.data() + text.size() && percent >= 0 && percent <= 100;
  return good ? percent : 100;
}

// p, sp and np; false where there is nothing to go by.
bool read_policies(const Tags& tags, Record& record) {
  bool valid = true;
  const auto read = [&](std::string_view tag, std::optional<Policy>& policy) {
    const auto text = find(tags, tag);
    if (text) policy = parse_policy(*text);
    valid = valid && (!text || policy);
  };
  read("p", record.p);
  read("sp", record.sp);
  read("np", record.np);
  if (valid && record.p) return true;
  record.p = Policy::none;  // RFC 9989 4.10.1, RFC 7489 6.6.3: as if it said p=none alone, if anybody asks for reports
  record.sp = record.np = std::nullopt;
  return !record.rua.empty() || record.psd != Record::Psd::unknown;  // where an organization ends is said all the same
}

}  // namespace

std::string_view name(Policy policy) {
  switch (policy) {
    case Policy::none: return "none";
    case Policy::quarantine: return "quarantine";
    case Policy::reject: return "reject";
  }
  return "";
}

bool is_record(std::string_view text) {
  const std::string_view version = text.substr(0, text.find(';'));
  const std::size_t equals = version.find('=');
  return equals != std::string_view::npos && ascii_iequals(trim(version.substr(0, equals)), "v") &&
         trim(version.substr(equals + 1)) == "DMARC1";  // RFC 9989 4.7: first, and precisely this
}

std::optional<Record> parse_record(std::string_view text) {
  if (text.size() > kMostRecordBytes || !is_record(text)) return std::nullopt;
  const auto tags = read_tags(text);
  if (!tags) return std::nullopt;
  Record record;
  record.rua = read_uris(*tags, "rua");
  record.ruf = read_uris(*tags, "ruf");
  if (says(*tags, "adkim", "s")) record.adkim = Alignment::strict;
  if (says(*tags, "aspf", "s")) record.aspf = Alignment::strict;
  if (says(*tags, "psd", "y")) record.psd = Record::Psd::yes;
  if (says(*tags, "psd", "n")) record.psd = Record::Psd::no;
  if (!read_policies(*tags, record)) return std::nullopt;
  record.testing = says(*tags, "t", "y");
  record.pct = read_percent(*tags);
  if (const auto fo = find(*tags, "fo"); fo && is_failure_options(*fo)) record.fo = *fo;
  return record;
}

}  // namespace postern::dmarc
