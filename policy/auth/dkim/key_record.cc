#include "policy/auth/dkim/key_record.h"

#include <algorithm>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/base/cache.h"
#include "policy/base/sip_hash.h"
#include "policy/base/text.h"

namespace postern::dkim {

namespace {

constexpr std::size_t kMostRememberedBytes = 4 * 1024;  // local: the record of a 16384-bit key has 2.9 KiB

bool holds(std::string_view list, std::string_view word) {
  const auto parts = colon_list(list);
  return std::find(parts.begin(), parts.end(), word) != parts.end();
}

void read_key(KeyRecord& record, std::string_view text) {
  const auto bytes = decode_base64(text);
  if (!bytes) {
    record.problem = "p= is no base64";
    return;
  }
  auto key = record.rsa ? crypto::PublicKey::rsa(*bytes) : crypto::PublicKey::ed25519(*bytes);
  if (key)
    record.key = std::move(*key);
  else
    record.problem = key.error().message;
}

KeyRecord read(std::string_view text) {
  KeyRecord record;
  const auto tags = TagList::parse(text);
  if (!tags) {
    record.problem = "no tag list";
    return record;
  }
  // local: RFC 6376 3.6.1 wants it first; where it stands changes nothing.
  if (tags->find("v").value_or("DKIM1") != "DKIM1") record.problem = "unknown version";
  const std::string_view type = tags->find("k").value_or("rsa");
  record.rsa = type == "rsa";
  if (!record.rsa && type != "ed25519") record.problem = "unknown key type";  // RFC 8463 4.2
  if (const auto hashes = tags->find("h")) {
    record.sha1 = holds(*hashes, "sha1");
    record.sha256 = holds(*hashes, "sha256");
  }
  if (const auto services = tags->find("s")) record.email = holds(*services, "*") || holds(*services, "email");
  if (const auto flags = tags->find("t")) {
    record.testing = holds(*flags, "y");
    record.same_domain = holds(*flags, "s");
  }
  record.granularity = tags->find("g").value_or("*");
  const auto key = tags->find("p");
  if (!key && record.problem.empty()) record.problem = "no p=";
  if (!record.problem.empty()) return record;
  record.revoked = key->empty();
  if (!record.revoked) read_key(record, *key);
  return record;
}

/// Strangers write the records, and must not choose the buckets.
struct TextHash {
  SipKey key = SipKey::random();
  std::size_t operator()(const std::string& text) const { return sip_hash(key, text); }
};

}  // namespace

struct KeyCache::State {
  explicit State(std::size_t capacity) : records(capacity) {}
  Cache<std::string, std::shared_ptr<const KeyRecord>, TextHash> records;
};

KeyCache::KeyCache(std::size_t capacity) : state_(std::make_unique<State>(capacity)) {}
KeyCache::~KeyCache() = default;

std::shared_ptr<const KeyRecord> KeyCache::parse(const std::string& text) {
  if (text.size() > kMostRememberedBytes) return std::make_shared<const KeyRecord>(read(text));
  // What a text says never grows old.
  if (auto known = state_->records.get(text, SteadyTime{})) return *known;
  auto record = std::make_shared<const KeyRecord>(read(text));
  state_->records.put(text, record, SteadyTime::max());
  return record;
}

std::optional<Domain> key_name(std::string_view selector, std::string_view domain) {
  // A dot at the end would be taken for that of the root; "" would ask of another name.
  if (selector.empty() || domain.empty() || selector.back() == '.' || domain.back() == '.') return std::nullopt;
  std::string name(selector);
  name.append("._domainkey.").append(domain);
  return Domain::parse(name);  // RFC 8616 4: U-labels become A-labels
}

}  // namespace postern::dkim
