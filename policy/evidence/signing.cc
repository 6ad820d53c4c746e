#include "policy/evidence/signing.h"

#include <algorithm>

namespace postern {

namespace {

// Both are normal already; there may be a thousand keys.
bool is_within(std::string_view name, std::string_view ancestor) {
  if (!name.ends_with(ancestor)) return false;
  return name.size() == ancestor.size() || name[name.size() - ancestor.size() - 1] == '.';
}

}  // namespace

std::vector<const dkim::SigningKey*> keys_for(const Signing& signing, const Domain& author) {
  std::vector<const dkim::SigningKey*> keys;
  std::size_t longest = 0;
  for (const dkim::SigningKey& key : signing.keys) {
    if (!is_within(author.text(), key.domain) || key.domain.size() < longest) continue;
    if (key.domain.size() > longest) keys.clear();
    longest = key.domain.size();
    keys.push_back(&key);
  }
  return keys;
}

Result<std::vector<HeaderField>> dkim_signatures(std::span<const dkim::SigningKey* const> keys,
                                                 std::span<const HeaderField> header,
                                                 const dkim::BodyHashes::Hashed& body, std::int64_t unix_time) {
  std::vector<HeaderField> fields;
  for (const dkim::SigningKey* key : keys) {
    auto value = dkim::sign(*key, dkim::default_signing_form(), header, body, unix_time);
    if (!value) return value.error();
    fields.push_back({"DKIM-Signature", *std::move(value)});
  }
  return fields;
}

}  // namespace postern
