#include "policy/auth/arc/set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/base/text.h"
#include "policy/mail/cfws.h"

namespace postern::arc {

namespace {

using dkim::TagList;

constexpr std::string_view kResults = "ARC-Authentication-Results";
constexpr std::string_view kMessage = "ARC-Message-Signature";
constexpr std::string_view kSeal = "ARC-Seal";
constexpr std::size_t kMostFields = 100;  // FAULTS T31

std::optional<std::uint64_t> number(std::string_view text, std::size_t most_digits) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || text.size() > most_digits || !digits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

std::optional<int> instance(std::string_view text) {
  const auto value = number(text, 2);  // RFC 8617 4.2.1
  if (!value || *value == 0) return std::nullopt;
  return static_cast<int>(*value);
}

// RFC 8617 4.1.1: the instance stands first.
std::optional<std::pair<int, std::string>> read_results(const std::string& value) {
  const std::size_t begin = skip_cfws(value, 0);
  const std::size_t equals = value.find('=', begin);
  const std::size_t end = value.find(';', begin);
  if (equals == std::string::npos || end == std::string::npos || equals > end) return std::nullopt;
  if (trim(std::string_view(value).substr(begin, equals - begin)) != "i") return std::nullopt;
  const std::size_t digits = skip_cfws(value, equals + 1);
  if (digits >= end) return std::nullopt;
  const std::size_t behind = std::min(value.find_first_not_of("0123456789", digits), end);
  if (skip_cfws(value, behind) != end) return std::nullopt;
  const auto i = instance(std::string_view(value).substr(digits, behind - digits));
  if (!i) return std::nullopt;
  return std::pair(*i, std::string(trim(std::string_view(value).substr(end + 1))));
}

bool read_canonicalization(std::string_view value, Signature& out) {
  const std::size_t slash = value.find('/');
  const auto form = [](std::string_view word) -> std::optional<dkim::Canonicalization> {
    if (word == "simple") return dkim::Canonicalization::simple;
    if (word == "relaxed") return dkim::Canonicalization::relaxed;
    return std::nullopt;
  };
  const auto header = form(value.substr(0, slash));
  const auto body = slash == std::string_view::npos ? dkim::Canonicalization::simple : form(value.substr(slash + 1));
  if (!header || !body) return false;
  out.header_form = *header;
  out.body_form.canonicalization = *body;
  return true;
}

// What both kinds have; answers why not.
std::string read_common(const TagList& tags, Signature& out) {
  if (tags.find("a") != "rsa-sha256") return "a= is not rsa-sha256";  // RFC 8617 4.1.2, RFC 8301 3.1
  const auto domain = Domain::parse(tags.find("d").value_or(""));
  if (!domain || domain->text().find('.') == std::string::npos) return "d= is no domain";
  out.domain = domain->text();
  out.selector = ascii_lower(tags.find("s").value_or(""));
  out.key_name = dkim::key_name(out.selector, out.domain);
  if (!out.key_name) return "s= is no selector";
  if (const auto t = tags.find("t"); t && !number(*t, 12)) return "t= is no time";
  auto signature = dkim::decode_base64(tags.find("b").value_or(""));
  if (!signature || signature->empty()) return "b= is no signature";
  out.signature = *std::move(signature);
  return {};
}

std::string read_message_part(const TagList& tags, Signature& out) {
  auto hash = dkim::decode_base64(tags.find("bh").value_or(""));
  if (!hash || hash->size() != 32) return "bh= is no hash";
  out.body_hash = *std::move(hash);
  // Without it RFC 8617 4.1.2 leaves open which form is meant; sealers and the published suite mean relaxed.
  if (!read_canonicalization(tags.find("c").value_or("relaxed/relaxed"), out)) return "c= is none that we know";
  if (const auto l = tags.find("l")) {
    const auto length = number(*l, 18);
    if (!length) return "l= is no number";
    out.body_form.length = *length;
  }
  const auto names = tags.find("h");
  if (!names) return "h= is missing";
  for (const std::string_view name : dkim::colon_list(*names)) {
    if (ascii_iequals(name, kSeal)) return "h= names ARC-Seal";  // RFC 8617 4.1.2
    out.fields.emplace_back(name);
  }
  return out.fields.size() > kMostFields ? "h= names too many fields" : "";
}

std::string read_seal_part(const TagList& tags, Signature& out) {
  if (tags.find("h")) return "there is h= in it";  // RFC 8617 4.1.3
  out.cv = std::string(tags.find("cv").value_or(""));
  return out.cv == "none" || out.cv == "pass" || out.cv == "fail" ? "" : "cv= is none of none, pass and fail";
}

// RFC 6376 3.2: a semicolon ends a tag; it may stand behind the last one, too.
bool has_empty_tag(std::string_view value) {
  const auto pieces = split(value, ';');
  return std::any_of(pieces.begin(), pieces.end() - 1, [](std::string_view piece) { return trim(piece).empty(); });
}

// Fills in what field `at` says; answers why it cannot.
std::string read_field(const HeaderField& field, std::size_t at, bool is_seal, Signature& out) {
  const auto tags = TagList::parse(field.value);
  if (!tags || has_empty_tag(field.value)) return "it is no list of tags";
  const auto i = instance(tags->find("i").value_or(""));
  if (!i) return "i= is no instance";
  out.field = at;
  out.instance = *i;
  std::string problem = read_common(*tags, out);
  if (problem.empty()) problem = is_seal ? read_seal_part(*tags, out) : read_message_part(*tags, out);
  return problem;
}

struct Parts {
  int results = 0, messages = 0, seals = 0;
  Set set;
};

}  // namespace

Sets read_sets(std::span<const HeaderField> header, int most_instances) {
  Sets read;
  std::map<int, Parts> parts;
  const auto fail = [&](std::string_view field, std::string_view why) {
    if (read.problem.empty()) read.problem = fmt::format("{}: {}", field, why);
  };
  const auto part_of = [&](int i, std::string_view field) -> Parts* {
    if (i > most_instances) return fail(field, fmt::format("i={} is over {}", i, most_instances)), nullptr;
    read.highest = std::max(read.highest, i);
    return &parts[i];
  };
  bool any = false;
  for (std::size_t at = 0; at < header.size(); ++at) {
    const HeaderField& field = header[at];
    if (field.is(kResults)) {
      any = true;
      auto results = read_results(field.value);
      if (!results) {
        fail(kResults, "there is no i= in front");
      } else if (Parts* part = part_of(results->first, kResults)) {
        ++part->results;
        part->set.results_field = at;
        part->set.results = std::move(results->second);
      }
    } else if (field.is(kMessage) || field.is(kSeal)) {
      any = true;
      const bool is_seal = field.is(kSeal);
      Signature signature;
      const std::string problem = read_field(field, at, is_seal, signature);
      if (!problem.empty()) fail(is_seal ? kSeal : kMessage, problem);
      if (signature.instance == 0) continue;
      Parts* const part = part_of(signature.instance, is_seal ? kSeal : kMessage);
      if (part == nullptr) continue;
      ++(is_seal ? part->seals : part->messages);
      (is_seal ? part->set.seal : part->set.message) = std::move(signature);
    }
  }
  if (!any) return read;
  for (int i = 1; i <= read.highest; ++i) {
    Parts& part = parts[i];
    if (part.results != 1 || part.messages != 1 || part.seals != 1)
      fail("ARC", fmt::format("of set {} there are {} results, {} message signatures and {} seals", i, part.results,
                              part.messages, part.seals));
    part.set.instance = i;
    read.sets.push_back(std::move(part.set));
  }
  if (read.sets.empty()) return fail("ARC", "no set can be read"), read;
  read.failed_before = read.sets.back().seal.cv == "fail";
  if (read.failed_before) fail(kSeal, "the chain was broken before");
  for (const Set& set : read.sets) {  // RFC 8617 5.2, step 3
    const std::string_view wanted = set.instance == 1 ? "none" : "pass";
    if (set.seal.cv != wanted) fail(kSeal, fmt::format("cv= of set {} is not {}", set.instance, wanted));
  }
  return read;
}

std::optional<Domain> key_name_of(const HeaderField& field) {
  if (!field.is(kSeal) && !field.is(kMessage)) return std::nullopt;
  const auto tags = TagList::parse(field.value);
  if (!tags) return std::nullopt;
  return dkim::key_name(tags->find("s").value_or(""), tags->find("d").value_or(""));
}

}  // namespace postern::arc
