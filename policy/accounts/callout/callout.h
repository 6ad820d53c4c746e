#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/callout/dial.h"
#include "policy/accounts/callout/options.h"
#include "policy/accounts/callout/verdict.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/base/ip.h"
#include "policy/dns/resolver.h"
#include "policy/mail/address.h"
#include "policy/store/store.h"

namespace postern::callout {

/// For whom an address is verified.
struct Asker {
  std::optional<IpAddress> client;  ///< who is connected to us: its network has a budget, and it is not called back
  /// Why nobody need be asked, told by whoever knows more (the client is on a list of good hosts, the sender is
  /// authenticated by an aligned SPF or DKIM pass); empty: ask.
  std::string skip;
};

/// Everything that callouts are made with. All of it outlives them.
struct Services {
  dns::Resolver& dns;
  store::Store& store;
  Clock& clock;
  Counters& counters;
};

struct Health {
  std::size_t probing = 0;         ///< addresses that are asked about now
  std::size_t waiting = 0;         ///< … and of these, those that no thread has begun with
  std::int64_t today = 0;          ///< probes of this day (UTC)
  std::size_t paused_domains = 0;  ///< left alone for a while after many mailboxes in a row that were none
};

/// Verifies that a foreign mailbox exists, by an SMTP dialogue with its mail host that ends before DATA.
///
/// Knows before it asks: mail that was delivered there or came back, what it found before, and hosts that do not want
/// to be asked. What it finds stays in the store (callout_address, callout_domain, callout_refusal). Everything that
/// is not certain is unknown, and so is everything over a limit, which also counts in callout.*. Thread-safe.
class Callout {
 public:
  Callout(const CalloutOptions& options, const Services& services, Dial dialer = dial);
  /// Breaks off what is under way.
  ~Callout();

  /// Does the mailbox exist? Waits until the answer is there, `deadline`, or options.soft, whichever comes first; then
  /// it is unknown and late, and the answer stands in the store for the next one to ask. Never for a null
  /// reverse-path, which is nobody's mailbox: callers have no Mailbox there.
  Verdict verify(const Mailbox& mailbox, const Asker& asker, const Deadline& deadline);

  /// Mail from here was taken by the mailbox's own host; it came back as "no such mailbox" (RFC 3463 5.1.1).
  void note_delivered(const Mailbox& mailbox);
  void note_undeliverable(const Mailbox& mailbox);

  Health health() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::callout
