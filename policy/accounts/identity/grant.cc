#include "policy/accounts/identity/grant.h"

#include <fmt/format.h>

#include <utility>

#include "policy/base/text.h"
#include "policy/mail/address_syntax.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostGrantBytes = 1000;  // local
constexpr std::string_view kFor = "for:";
constexpr std::string_view kGroup = "group:";

Error wrong(std::string_view text, std::string_view what) {
  return Error{fmt::format("\"{}\" {}", printable(text), what), {}};
}

Result<std::shared_ptr<const rules::Pattern>> whole(std::string_view pattern, LetterCase letters) {
  // By itself first: what closes a bracket that it has not opened would break out of ours.
  if (auto alone = rules::Pattern::compile(pattern); !alone) return alone;
  return rules::Pattern::compile(fmt::format("\\A(?{}:{})\\z", letters == LetterCase::exact ? "-i" : "", pattern));
}

}  // namespace

Result<Grant> Grant::parse(std::string_view text, LetterCase letters) {
  if (text.size() > kMostGrantBytes) return Error{"a grant has at most 1000 bytes", {}};
  const std::string_view given = text = trim(text);
  Grant grant;
  if (text.starts_with(kFor)) {
    grant.delegates_ = true;
    text = trim(text.substr(kFor.size()));
  }
  if (text.empty()) return Error{"a grant is empty: write an address, a domain, /pattern/, group:NAME or *", {}};
  if (text == "*") {
    grant.kind_ = Kind::anything;
  } else if (text.starts_with(kGroup)) {
    grant.kind_ = Kind::group;
    grant.word_ = trim(text.substr(kGroup.size()));
    if (grant.word_.empty()) return wrong(given, "names no group");
  } else if (text.front() == '/') {
    grant.kind_ = Kind::pattern;
    if (text.size() < 3 || text.back() != '/') return wrong(given, "is no pattern: write /pattern/");
    grant.word_ = text.substr(1, text.size() - 2);
    auto pattern = whole(grant.word_, letters);
    if (!pattern) return wrong(given, pattern.error().message);
    grant.pattern_ = std::move(*pattern);
  } else if (text.front() == '.' || text.front() == '@' || text.find('@') == std::string_view::npos) {
    const bool below = text.front() == '.';
    const bool bare = !below && text.front() != '@';
    grant.kind_ = below ? Kind::subdomains : Kind::domain;
    grant.domain_ = Domain::parse(bare ? text : text.substr(1));
    if (!grant.domain_) return wrong(given, "is no domain");
    if (bare && grant.domain_->text().find('.') == std::string::npos)  // rather a login by mistake
      return wrong(given, fmt::format("is no address; write @{} where a domain is meant", grant.domain_->text()));
  } else {
    grant.kind_ = Kind::address;
    const auto parsed = address_syntax::parse_mailbox(text, address_syntax::Place::dialogue);
    if (!parsed || parsed->route || (!parsed->mailbox.domain && !parsed->mailbox.literal))
      return wrong(given, "is no address");
    grant.address_ = address_key(parsed->mailbox, letters);
    if (!grant.address_) return wrong(given, "has characters that cannot be compared");
    grant.word_ = parsed->mailbox.text();
  }
  return grant;
}

bool Grant::covers(const AddressKey& key) const {
  switch (kind_) {
    case Kind::address: return key == *address_;
    case Kind::domain: return key.domain == domain_->text() && !key.is_routed();
    case Kind::subdomains: {
      const auto domain = Domain::parse(key.domain);
      return domain && domain->is_within(*domain_) && !key.is_routed();
    }
    case Kind::pattern: return pattern_->found_in(key.text());
    case Kind::group: return false;  // the directory puts its members in its place
    case Kind::anything: return true;
  }
  return false;
}

std::string Grant::text() const {
  const std::string prefix = delegates_ ? "for:" : "";
  switch (kind_) {
    case Kind::address: return prefix + word_;
    case Kind::domain: return prefix + '@' + domain_->text();
    case Kind::subdomains: return prefix + '.' + domain_->text();
    case Kind::pattern: return prefix + '/' + word_ + '/';
    case Kind::group: return prefix + "group:" + word_;
    case Kind::anything: return prefix + '*';
  }
  return {};
}

std::shared_ptr<const Grant> GrantCache::get(std::string_view text) {
  std::string key(text);
  if (auto known = cache_.get(key, SteadyTime{})) return *known;
  auto parsed = Grant::parse(text, letters_);
  auto grant = parsed ? std::make_shared<const Grant>(std::move(*parsed)) : nullptr;
  cache_.put(key, grant, SteadyTime::max());
  return grant;
}

}  // namespace postern::accounts
