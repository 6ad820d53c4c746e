#include "policy/auth/dkim/signature.h"

#include <algorithm>
#include <limits>

#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/base/text.h"

namespace postern::dkim {

namespace {

constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kEd25519Bytes = 64;         // RFC 8032 5.1.6
constexpr std::size_t kMostRsaBytes = 16384 / 8;  // of the largest key that can be used

/// A decimal number of any length, the largest one where it is past it: RFC 6376 3.5 lets l= have 76 digits.
std::optional<std::int64_t> number(std::string_view text) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value > (kMost - 9) / 10 ? kMost : value * 10 + (c - '0');
  }
  if (text.empty()) return std::nullopt;
  return value;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// RFC 6376 2.11. Nothing where it is none, or stands for a control.
std::optional<std::string> decode_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_blank(text[i])) continue;
    char c = text[i];
    if (c == '=') {
      const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
      const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
      if (!low) return std::nullopt;
      c = static_cast<char>(*high << 4 | *low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

std::optional<Domain> domain(std::string_view text) {
  if (text.empty() || text.back() == '.') return std::nullopt;  // RFC 6376 3.5: domain-name has no dot at its end
  return Domain::parse(text);
}

std::optional<Canonicalization> canonicalization(std::string_view word) {
  if (ascii_iequals(word, "simple")) return Canonicalization::simple;
  if (ascii_iequals(word, "relaxed")) return Canonicalization::relaxed;
  return std::nullopt;
}

/// Reads one tag after the other, each function for its tags; what it answers is the problem, "" where there is none.
class Reader {
 public:
  Reader(Signature& out, const TagList& tags, bool lenient) : out_(out), tags_(tags), lenient_(lenient) {}

  std::string_view read() {
    using Step = std::string_view (Reader::*)();
    std::string_view first;
    // All of them, so that as much as can be is shown.
    for (const Step step : {&Reader::version, &Reader::algorithm, &Reader::signature, &Reader::key, &Reader::identity,
                            &Reader::body, &Reader::forms, &Reader::fields, &Reader::query, &Reader::times}) {
      const std::string_view problem = (this->*step)();
      if (first.empty()) first = problem;
    }
    return first;
  }

 private:
  std::string_view version() {  // RFC 6376 6.1.1
    const auto v = tags_.find("v");
    if (v && *v == "1") return {};
    return lenient_ && v.value_or("0.5") == "0.5" ? "" : "v= is not 1";
  }

  std::string_view algorithm() {
    out_.shown.algorithm = ascii_lower(tags_.find("a").value_or(""));
    const std::string& a = out_.shown.algorithm;
    if (a != "rsa-sha256" && a != "ed25519-sha256" && a != "rsa-sha1") return "unknown algorithm";
    out_.rsa = a != "ed25519-sha256";
    out_.body.hash = a == "rsa-sha1" ? Hash::sha1 : Hash::sha256;
    return {};
  }

  std::string_view signature() {
    const auto b = tags_.find("b");
    if (!b) return "no b=";
    for (const char c : b->substr(0, 100))
      if (!is_blank(c) && out_.shown.signature.size() < 8) out_.shown.signature += c;
    const auto bytes = decode_base64(*b);
    if (!bytes || bytes->empty() || bytes->size() > kMostRsaBytes) return "b= is no signature";
    if (!out_.rsa && bytes->size() != kEd25519Bytes) return "b= has a wrong length";
    out_.bytes = *bytes;
    return {};
  }

  std::string_view key() {
    const auto d = domain(tags_.find("d").value_or(""));
    if (!d) return "d= is no domain";
    out_.shown.domain = d->text();
    out_.shown.identity = "@" + d->text();
    const std::string_view s = tags_.find("s").value_or("");
    const auto name = key_name(s, d->text());
    if (!name) return "s= is no selector";
    // RFC 8616 4: U-labels are told as A-labels.
    const std::size_t behind = std::string_view("._domainkey.").size() + d->text().size();
    out_.shown.selector = is_ascii(s) ? std::string(s) : name->text().substr(0, name->text().size() - behind);
    out_.key = dns::Question{*name, dns::Type::txt};
    domain_ = d;
    return {};
  }

  std::string_view identity() {
    const auto i = tags_.find("i");
    if (!i || !domain_) return {};
    const auto text = decode_quoted_printable(*i);
    const std::size_t at = text ? text->rfind('@') : std::string::npos;
    const auto of = at != std::string::npos ? domain(std::string_view(*text).substr(at + 1)) : std::nullopt;
    if (!of || !of->is_within(*domain_)) return "i= is not within d=";  // RFC 6376 6.1.1
    out_.identity_local = text->substr(0, at);
    out_.identity_is_domain = *of == *domain_;
    out_.shown.identity = out_.identity_local + "@" + of->text();
    return {};
  }

  std::string_view body() {
    const auto hash = decode_base64(tags_.find("bh").value_or(""));
    if (!hash || hash->size() != (out_.body.hash == Hash::sha1 ? kSha1Bytes : kSha256Bytes)) return "bh= is no hash";
    out_.body_hash = *hash;
    if (const auto l = tags_.find("l")) {
      const auto length = number(*l);
      if (!length) return "l= is no number";
      out_.body.length = static_cast<std::uint64_t>(*length);
    }
    return {};
  }

  std::string_view forms() {
    const auto c = tags_.find("c");
    if (!c) return {};
    const std::size_t slash = std::min(c->find('/'), c->size());
    const auto header = canonicalization(c->substr(0, slash));
    const auto body = slash < c->size() ? canonicalization(c->substr(slash + 1)) : Canonicalization::simple;
    if (!header || !body) return "unknown canonicalization";
    out_.header_form = *header;
    out_.body.canonicalization = *body;
    return {};
  }

  std::string_view fields() {
    out_.names = colon_list(tags_.find("h").value_or(""));
    if (out_.names.size() > kMostSignedNames) return "h= has too many names";
    const auto is = [](std::string_view wanted) {
      return [wanted](std::string_view name) { return ascii_iequals(name, wanted); };
    };
    if (std::any_of(out_.names.begin(), out_.names.end(), is(""))) return "h= has an empty name";
    if (std::none_of(out_.names.begin(), out_.names.end(), is("from"))) return "From is not signed";  // RFC 6376 6.1.1
    return {};
  }

  std::string_view query() {
    const auto q = tags_.find("q");
    if (!q) return {};
    for (const std::string_view method : colon_list(*q))
      if (ascii_iequals(method, "dns/txt") || (lenient_ && ascii_iequals(method, "dns"))) return {};
    return "unknown query method";
  }

  std::string_view times() {
    const auto t = tags_.find("t");
    const auto x = tags_.find("x");
    if (t && !(out_.signed_at = number(*t))) return "t= is no time";
    if (x && !(out_.expires = number(*x))) return "x= is no time";
    // RFC 6376 3.5 wants x= above t=; local: a signature of no time at all is merely of no use.
    if (t && x && *out_.expires < *out_.signed_at) return "x= is before t=";
    return {};
  }

  Signature& out_;
  const TagList& tags_;
  const bool lenient_;
  std::optional<Domain> domain_;
};

}  // namespace

bool Signature::is_near(const Domain& author) const {
  const auto own = Domain::parse(shown.domain);
  return own && (own->is_within(author) || author.is_within(*own));
}

bool is_signature(const HeaderField& field) { return field.is("DKIM-Signature"); }

std::unique_ptr<const Signature> read_signature(const HeaderField& field, bool lenient) {
  auto signature = std::make_unique<Signature>();
  if (field.value.size() <= kMostTagListBytes) signature->text = field.value;
  const auto tags = TagList::parse(signature->text);
  signature->problem = tags ? Reader(*signature, *tags, lenient).read() : "no tag list";
  return signature;
}

}  // namespace postern::dkim
