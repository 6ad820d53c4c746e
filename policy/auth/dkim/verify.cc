#include "policy/auth/dkim/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/canonical.h"
#include "policy/auth/dkim/key_lookup.h"
#include "policy/auth/dkim/signature.h"

namespace postern::dkim {

namespace {

constexpr int kLeastLenientBits = 512;

/// One field of the header.
struct Entry {
  std::size_t field;                           // its place in the header
  std::unique_ptr<const Signature> signature;  // never null
  std::size_t body = 0;                        // the number of its hash
  bool chosen = false;                         // it can be verified, and is one of the first so many
};

/// Does `g=` of RFC 4871 3.6.1 allow the local part? One asterisk stands for anything.
bool allows(std::string_view granularity, std::string_view local) {
  const std::size_t star = granularity.find('*');
  if (star == std::string_view::npos) return !granularity.empty() && granularity == local;
  const std::string_view head = granularity.substr(0, star);
  const std::string_view tail = granularity.substr(star + 1);
  return local.size() >= head.size() + tail.size() && local.starts_with(head) && local.ends_with(tail);
}

/// Why this key can not have made this signature; "" where it can (RFC 6376 6.1.2).
std::string_view mismatch(const Signature& signature, const KeyRecord& record, const Options& options) {
  if (record.rsa != signature.rsa) return "the key is of another type";
  if (!(signature.body.hash == Hash::sha1 ? record.sha1 : record.sha256)) return "the key is for other hashes";
  if (!record.email) return "the key is not for mail";
  if (record.same_domain && !signature.identity_is_domain) return "the key does not sign for subdomains";
  if (record.rsa && record.key->bits() > options.most_rsa_bits) return "the key is too long";
  if (options.lenient && !allows(record.granularity, signature.identity_local)) return "the key is for another i=";
  return {};
}

/// The hash that the signature signs (RFC 6376 3.7).
std::string header_hash(const Signature& signature, std::span<const HeaderField> header, const HeaderField& own) {
  std::string text;
  text.reserve(4096);
  for (const HeaderField* field : select_fields(header, signature.names, &own))
    append_field(text, *field, signature.header_form);
  append_signature_field(text, own, signature.header_form);
  crypto::Digest digest(signature.body.hash);
  digest.update(text);
  return digest.finish();
}

bool has_expired(const Signature& signature, std::int64_t unix_time) {
  return signature.expires && *signature.expires < unix_time - kSkewSeconds;
}

Result ended(Result result, Status status, std::string reason) {
  result.status = status;
  result.reason = std::move(reason);
  return result;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::none: return "none";
    case Status::pass: return "pass";
    case Status::fail: return "fail";
    case Status::policy: return "policy";
    case Status::neutral: return "neutral";
    case Status::temperror: return "temperror";
    case Status::permerror: return "permerror";
  }
  return "";
}

std::optional<dns::Question> key_question(const HeaderField& field) {
  if (!is_signature(field)) return std::nullopt;
  const auto signature = read_signature(field, true);
  return signature->problem.empty() ? signature->key : std::nullopt;
}

struct Signatures::State {
  Options options;
  std::vector<Entry> entries;

  Result verify(const Entry& entry, std::span<const HeaderField> header, const BodyHashes& bodies, KeyCache& keys,
                dns::Resolver& dns, std::int64_t unix_time, const Deadline& deadline) const;
};

Signatures::Signatures(std::span<const HeaderField> header, std::string_view author, const Options& options,
                       BodyHashes& bodies)
    : state_(std::make_unique<State>()) {
  state_->options = options;
  for (std::size_t i = 0; i < header.size(); ++i)
    if (is_signature(header[i])) state_->entries.push_back({i, read_signature(header[i], options.lenient)});
  const auto near = Domain::parse(author);
  std::size_t room = options.signatures;
  const auto choose = [&](bool all) {
    for (Entry& entry : state_->entries) {
      if (room == 0) return;
      if (entry.chosen || !entry.signature->problem.empty()) continue;
      if (!all && !entry.signature->is_near(*near)) continue;
      entry.chosen = true;
      entry.body = bodies.add(entry.signature->body);
      --room;
    }
  };
  if (near) choose(false);
  choose(true);
}

Signatures::~Signatures() = default;

bool Signatures::empty() const { return state_->entries.empty(); }

std::vector<std::string> Signatures::domains() const {
  std::vector<std::string> domains;
  for (const Entry& entry : state_->entries)
    if (entry.chosen) domains.push_back(entry.signature->shown.domain);
  return domains;
}

std::vector<Result> Signatures::verify(std::span<const HeaderField> header, const BodyHashes& bodies, KeyCache& keys,
                                       dns::Resolver& dns, std::int64_t unix_time, const Deadline& deadline) const {
  for (const Entry& entry : state_->entries)
    if (entry.chosen && !has_expired(*entry.signature, unix_time)) dns.prefetch(*entry.signature->key);
  std::vector<Result> results;
  results.reserve(state_->entries.size());
  for (const Entry& entry : state_->entries)
    results.push_back(state_->verify(entry, header, bodies, keys, dns, unix_time, deadline));
  return results;
}

Result Signatures::State::verify(const Entry& entry, std::span<const HeaderField> header, const BodyHashes& bodies,
                                 KeyCache& keys, dns::Resolver& dns, std::int64_t unix_time,
                                 const Deadline& deadline) const {
  const Signature& signature = *entry.signature;
  Result result = signature.shown;
  if (!signature.problem.empty()) return ended(std::move(result), Status::permerror, signature.problem);
  if (!entry.chosen) {
    result.capped = true;
    return ended(std::move(result), Status::neutral, "too many signatures");  // FAULTS T30
  }
  const BodyHashes::Hashed& body = bodies.at(entry.body);
  const std::uint64_t length = signature.body.length.value_or(body.bytes);
  result.truncated = length < body.bytes;
  if (has_expired(signature, unix_time))
    return ended(std::move(result), Status::permerror, "expired");  // RFC 6376 6.1.1
  if (length > body.bytes) return ended(std::move(result), Status::permerror, "l= is above the length of the body");

  const KeyAnswer answer = look_up_key(signature.key->name, keys, dns, deadline);
  if (!answer.record)
    return ended(std::move(result), answer.temporary ? Status::temperror : Status::permerror, answer.problem);
  result.bits = answer.record->key->bits();
  result.testing = answer.record->testing;
  const std::string_view problem = mismatch(signature, *answer.record, options);
  if (!problem.empty()) return ended(std::move(result), Status::permerror, std::string(problem));

  if (body.digest != signature.body_hash) return ended(std::move(result), Status::fail, "the body was changed");
  const int least = options.lenient ? kLeastLenientBits : options.least_rsa_bits;
  if (signature.rsa && result.bits < least)  // RFC 8301 3.2
    return ended(std::move(result), Status::policy, fmt::format("a key of {} bits", result.bits));
  if (signature.body.hash == Hash::sha1 && !options.lenient)
    return ended(std::move(result), Status::policy, "rsa-sha1");  // RFC 8301 3.1
  const HeaderField& own = header[entry.field];
  const std::string hash = header_hash(signature, header, own);
  if (!answer.record->key->verify(signature.body.hash, hash, signature.bytes))
    return ended(std::move(result), Status::fail, "the header was changed, or the key is another");
  if (result.truncated) {
    result.distrusted = !options.trust_length;  // local: text could be added below (RFC 6376 8.2, FAULTS T32)
    return ended(std::move(result), Status::pass, fmt::format("l= leaves out {} bytes", body.bytes - length));
  }
  const bool early = signature.signed_at && *signature.signed_at > unix_time + kSkewSeconds;
  return ended(std::move(result), Status::pass, early ? "signed in the future" : "");
}

}  // namespace postern::dkim
