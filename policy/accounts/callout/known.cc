#include "policy/accounts/callout/known.h"

#include "policy/base/text.h"

namespace postern::callout {

namespace {

constexpr std::size_t kMostReasonBytes = 300;  // verdict.h

void keep_mailbox(const ProbeResult& result, const Mailbox& mailbox, Memory& memory, WallTime now) {
  Record record;
  record.kind = result.kind;
  record.cause = result.cause;
  record.reason = result.reason;
  memory.put_address(mailbox, std::move(record), now);
}

}  // namespace

std::optional<Known> known(const Memory& memory, const Mailbox& mailbox, WallTime now) {
  if (const auto record = memory.address(mailbox, now)) {
    const bool is_due = record->kind == Kind::exists && now >= record->refresh_at;
    return Known{record->verdict(now), is_due};
  }
  if (const auto record = memory.accept_all(*mailbox.domain, now)) return Known{record->verdict(now), false};
  if (const auto record = memory.trouble(*mailbox.domain, now)) return Known{record->verdict(now), false};
  return std::nullopt;
}

Verdict keep(const ProbeResult& result, const Mailbox& mailbox, Memory& memory, WallTime now) {
  const Domain& domain = *mailbox.domain;
  if (result.accepts_all && *result.accepts_all) memory.put_accept_all(domain, result.reason, now);
  if (result.accepts_all && !*result.accepts_all) memory.put_selective(domain, now);
  if (result.opts_out && result.host) memory.put_opted_out(domain, *result.host, result.reason, now);
  const bool is_ours = result.cause == Cause::limit || result.cause == Cause::busy;  // nobody was asked
  if (result.kind == Kind::exists || result.kind == Kind::missing) {
    keep_mailbox(result, mailbox, memory, now);
  } else if (result.kind == Kind::unknown && !is_ours) {
    if (!result.of_domain)
      keep_mailbox(result, mailbox, memory, now);
    else if (!result.opts_out)
      memory.put_trouble(domain, result.cause, result.reason, now);
    memory.put_off_refresh(mailbox, now);
  }
  Verdict verdict;
  verdict.kind = result.kind;
  verdict.cause = result.cause;
  verdict.reason = printable(result.reason, kMostReasonBytes);
  return verdict;
}

}  // namespace postern::callout
