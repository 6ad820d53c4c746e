#pragma once

#include <optional>

#include "policy/accounts/callout/options.h"
#include "policy/accounts/callout/verdict.h"
#include "policy/base/clock.h"
#include "policy/mail/address.h"
#include "policy/store/store.h"

namespace postern::callout {

/// What is known without asking: mail that was taken there, and mail that came back. Thread-safe.
class Evidence {
 public:
  Evidence(store::Store& store, const CacheTimes& times) : store_(store), times_(times) {}

  std::optional<Verdict> of(const Mailbox& mailbox, WallTime now) const;
  void note_delivered(const Mailbox& mailbox, WallTime now);
  void note_undeliverable(const Mailbox& mailbox, WallTime now);

 private:
  store::Store& store_;
  const CacheTimes times_;
};

}  // namespace postern::callout
