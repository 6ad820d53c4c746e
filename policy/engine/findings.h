#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/base/lazy.h"
#include "policy/checks/registry.h"
#include "policy/dns/message_resolver.h"
#include "policy/engine/policy.h"
#include "policy/engine/services.h"
#include "policy/mail/direction.h"
#include "policy/mail/facts.h"
#include "policy/mail/header_address.h"
#include "policy/rules/known.h"

namespace postern {

/// The findings of all checks of one scope for one message or one recipient: each begun as soon as its inputs are
/// known, awaited when a rule wants it, and the same ever after. A finding counts as known only once it has been asked
/// for, so that what is decided and told never depends on how fast a thread was.
class Findings {
 public:
  /// What a run needs beside the check; shared with background work, which may outlive the message.
  struct Inputs {
    std::shared_ptr<const Policy> policy;
    std::shared_ptr<dns::MessageResolver> dns;
    std::shared_ptr<const Client> client;
    std::shared_ptr<const Greeting> greeting;
    std::shared_ptr<const Sender> sender;
    std::shared_ptr<const Recipient> recipient;
    std::shared_ptr<const std::vector<std::string>> taken;  ///< recipients taken, of which the first count …
    std::size_t taken_before = 0;                           ///< … so many, for this one
    std::shared_ptr<const Evidence> evidence;               ///< null where no check asks for it
    std::shared_ptr<const HeaderAddresses> addresses;       ///< from the end of the header on, like the next
    std::string first_received;
    Direction direction = Direction::inbound;
    std::int64_t unix_time = 0;
  };

  Findings(Services& services, Scope scope, Inputs inputs);

  /// The header is complete: the checks of its stage may begin.
  void header_is(std::shared_ptr<const HeaderAddresses> addresses, std::string first_received) {
    inputs_.addresses = std::move(addresses);
    inputs_.first_received = std::move(first_received);
  }
  /// Begins the checks of `stage` that some rule reads and that start early.
  void start(Stage stage);
  /// What decide() may know of check `index` of the policy's rule set at `stage`.
  rules::CheckState state(std::size_t index, Stage stage) const;
  /// Asks for check `index` and waits until `deadline`. Without an answer the check counts as `later` for the rest of
  /// `stage`.
  void ask(std::size_t index, Stage stage, const Deadline& deadline);

  /// How far the DNS answers can be relied on by which check `index` came to its finding; `local` while there is none,
  /// or where it asked nothing.
  dns::Trust trust(std::size_t index) const;

  /// What has been asked and answered, by index into the rule set's checks.
  struct Told {
    std::size_t index;
    Finding finding;
    double ms;
    dns::Trust trust;
  };
  std::vector<Told> told() const;

 private:
  struct Found {
    Finding finding;
    double ms;
    dns::Trust trust;
  };
  struct Slot {
    std::optional<Lazy<Found>> lazy;
    std::optional<Found> found;      ///< asked for and answered
    std::optional<Stage> waited_at;  ///< asked at this stage in vain
  };

  Slot& begun(std::size_t index);

  Services& services_;
  const Scope scope_;
  Inputs inputs_;
  std::vector<Slot> slots_;
};

}  // namespace postern
