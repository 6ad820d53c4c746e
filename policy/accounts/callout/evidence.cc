#include "policy/accounts/callout/evidence.h"

#include "policy/accounts/callout/record.h"

namespace postern::callout {

using store::Space;

std::optional<Verdict> Evidence::of(const Mailbox& mailbox, WallTime now) const {
  const auto entry = store_.get(Space::evidence, mailbox.text());
  const auto record = entry ? Record::parse(entry->value) : std::nullopt;
  if (!record || !record->is_fresh(now)) return std::nullopt;
  Verdict verdict = record->verdict(now);
  verdict.cached = false;
  return verdict;
}

void Evidence::note_delivered(const Mailbox& mailbox, WallTime now) {
  const Record record = Record::made(Kind::exists, Cause::evidence, "mail was delivered to it", now, times_.delivered);
  store_.put(Space::evidence, mailbox.text(), record.text(), record.fresh_until);
}

void Evidence::note_undeliverable(const Mailbox& mailbox, WallTime now) {
  const Record record =
      Record::made(Kind::missing, Cause::evidence, "mail to it came back: no such mailbox", now, times_.undeliverable);
  store_.put(Space::evidence, mailbox.text(), record.text(), record.fresh_until);
}

}  // namespace postern::callout
