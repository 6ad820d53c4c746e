#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/evidence/backends.h"
#include "policy/evidence/evidence.h"
#include "policy/evidence/signing.h"
#include "policy/evidence/site.h"
#include "policy/mail/direction.h"
#include "policy/mail/facts.h"
#include "policy/mail/header_address.h"

namespace postern {

/// The facts that a check may look at. Which of them are there follows from its stage; the others are null.
struct MailFacts {
  const Client* client = nullptr;
  const Greeting* greeting = nullptr;
  const Sender* sender = nullptr;
  const Recipient* recipient = nullptr;
  const HeaderAddresses* addresses = nullptr;
  std::string_view first_received = {};  ///< the value of the first Received field, from the end of the header on
  Direction direction = Direction::inbound;
  std::span<const std::string> taken = {};  ///< recipients of this message that were taken before, folded
};

/// What a check may use. All references outlive its run.
struct Context {
  MailFacts mail;
  const Site& site;
  const Backends& backends;
  dns::Resolver& dns;            ///< counts and caps this check's questions, and remembers the answers of this message
  Deadline deadline;             ///< until when run() may wait
  std::int64_t unix_time = 0;    ///< of the transaction
  Counters* counters = nullptr;  ///< null: nobody counts
  bool may_probe = false;        ///< strangers may be asked (not in `mode: monitor`)
  bool* late = nullptr;          ///< set by must_wait(); null where nobody wants to know
  const Evidence* evidence = nullptr;  ///< null where no check of the policy asks for it
  const Signing* signing = nullptr;    ///< what we sign with; null: nothing
  dns::Trust* trust = nullptr;         ///< set by rests_on(); null where nobody wants to know

  /// What was found rests on an answer, of others than DNS, that did not come in time and may still come: run() is
  /// called again.
  void must_wait() const {
    if (late != nullptr) *late = true;
  }

  /// What was found rests on evidence that rests on DNS answers no better than this.
  void rests_on(dns::Trust how_far) const {
    if (trust != nullptr) *trust = std::max(*trust, how_far);
  }

  /// Counts a cap that was met.
  void count(std::string_view counter) const {
    if (counters != nullptr) counters->get(counter).add();
  }
};

}  // namespace postern
