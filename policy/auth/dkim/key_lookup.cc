#include "policy/auth/dkim/key_lookup.h"

#include <fmt/format.h>

#include "policy/auth/dkim/tag_list.h"

namespace postern::dkim {

namespace {

bool has_key(const std::string& text) {
  const auto tags = TagList::parse(text);
  // RFC 6376 3.6.1: records of another version are discarded; one of DMARC has p=, too.
  return tags && tags->find("p") && tags->find("v").value_or("DKIM1") == "DKIM1";
}

/// The key record among the texts of a name. What is no key record there (a wildcard's SPF record, say) is none of
/// ours. RFC 6376 3.6.2.2 leaves two of them undefined; taking the first would let the order of an answer decide, which
/// servers rotate, so there is none then.
const std::string* only_key(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return &texts.front();
  const std::string* found = nullptr;
  for (const std::string& text : texts) {
    if (!has_key(text) || (found != nullptr && *found == text)) continue;
    if (found != nullptr) return nullptr;
    found = &text;
  }
  return found;
}

}  // namespace

KeyAnswer look_up_key(const Domain& name, KeyCache& keys, dns::Resolver& dns, const Deadline& deadline) {
  const dns::AnswerPtr answer = dns.query({name, dns::Type::txt}, deadline);
  switch (answer->status) {
    case dns::Status::tempfail:
    case dns::Status::bogus:
      return {
          nullptr, true,
          fmt::format("{}: {}", name.text(), answer->problem.empty() ? dns::name(answer->status) : answer->problem)};
    case dns::Status::nxdomain:
    case dns::Status::nodata: return {nullptr, false, fmt::format("{} has no key", name.text())};
    case dns::Status::ok: break;
  }
  const std::string* text = only_key(answer->texts);
  if (text == nullptr)
    return {nullptr, false, fmt::format("{} has {} records, and not one key", name.text(), answer->texts.size())};
  auto record = keys.parse(*text);
  if (record->revoked) return {nullptr, false, fmt::format("the key {} is revoked", name.text())};
  if (!record->key) return {nullptr, false, fmt::format("key {}: {}", name.text(), record->problem)};
  return {std::move(record), false, {}};
}

}  // namespace postern::dkim
