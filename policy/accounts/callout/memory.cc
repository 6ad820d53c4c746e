#include "policy/accounts/callout/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postern::callout {

using store::Space;

std::string Memory::key(std::string_view what, std::string_view of) const {
  return fmt::format("{}{} {}", scope_, what, of);
}

std::optional<Record> Memory::get(Space space, const std::string& key) const {
  const auto entry = store_.get(space, key);
  return entry ? Record::parse(entry->value) : std::nullopt;
}

std::optional<Record> Memory::fresh(Space space, const std::string& key, WallTime now) const {
  auto record = get(space, key);
  return record && record->is_fresh(now) ? std::move(record) : std::nullopt;
}

void Memory::put(Space space, const std::string& key, const Record& record, WallTime expires) {
  store_.put(space, key, record.text(), expires);
}

std::optional<Record> Memory::address(const Mailbox& mailbox, WallTime now) const {
  return fresh(Space::callout_address, key("is", mailbox.text()), now);
}

void Memory::put_address(const Mailbox& mailbox, Record found, WallTime now) {
  const std::string at = key("is", mailbox.text());
  const auto old = get(Space::callout_address, at);
  if (old && old->kind == Kind::exists && old->is_fresh(now) && found.kind != Kind::exists)
    return put_off_refresh(mailbox, now);
  found.found = now;
  found.was_missing = found.kind == Kind::missing || (found.kind == Kind::unknown && old && old->was_missing);
  std::chrono::seconds age = times_.temporary;
  if (found.kind == Kind::exists) age = times_.exists;
  if (found.kind == Kind::missing) age = old && old->was_missing ? times_.missing_again : times_.missing;
  found.fresh_until = now + age;
  found.refresh_at = now + (found.kind == Kind::exists ? std::min(times_.refresh, age) : age);
  put(Space::callout_address, at, found, found.was_missing ? now + 2 * times_.missing_again : found.fresh_until);
}

void Memory::put_off_refresh(const Mailbox& mailbox, WallTime now) {
  const std::string at = key("is", mailbox.text());
  auto old = fresh(Space::callout_address, at, now);
  if (!old || old->kind != Kind::exists) return;
  old->refresh_at = now + times_.refresh_again;
  put(Space::callout_address, at, *old, old->fresh_until);
}

std::optional<Record> Memory::accept_all(const Domain& domain, WallTime now) const {
  return fresh(Space::callout_domain, key("all", domain.text()), now);
}

bool Memory::is_selective(const Domain& domain, WallTime now) const {
  return fresh(Space::callout_domain, key("selective", domain.text()), now).has_value();
}

std::optional<Record> Memory::trouble(const Domain& domain, WallTime now) const {
  return fresh(Space::callout_domain, key("trouble", domain.text()), now);
}

void Memory::put_accept_all(const Domain& domain, const std::string& reason, WallTime now) {
  put(Space::callout_domain, key("all", domain.text()),
      Record::made(Kind::accept_all, Cause::reply, reason, now, times_.accept_all), now + times_.accept_all);
}

void Memory::put_selective(const Domain& domain, WallTime now) {
  put(Space::callout_domain, key("selective", domain.text()),
      Record::made(Kind::exists, Cause::reply, {}, now, times_.selective), now + times_.selective);
}

void Memory::put_trouble(const Domain& domain, Cause cause, const std::string& reason, WallTime now) {
  const auto age = cause == Cause::refused_us ? times_.refused_us : times_.temporary;
  put(Space::callout_domain, key("trouble", domain.text()), Record::made(Kind::unknown, cause, reason, now, age),
      now + age);
}

std::optional<Record> Memory::opted_out(const Domain& domain, WallTime now) const {
  return fresh(Space::callout_refusal, key("domain", domain.text()), now);
}

bool Memory::is_opted_out(const IpAddress& host, WallTime now) const {
  return fresh(Space::callout_refusal, key("host", host.text()), now).has_value();
}

void Memory::put_opted_out(const Domain& domain, const IpAddress& host, const std::string& reason, WallTime now) {
  const Record record = Record::made(Kind::not_asked, Cause::opted_out, reason, now, times_.opted_out);
  put(Space::callout_refusal, key("domain", domain.text()), record, record.fresh_until);
  put(Space::callout_refusal, key("host", host.text()), record, record.fresh_until);
}

}  // namespace postern::callout
