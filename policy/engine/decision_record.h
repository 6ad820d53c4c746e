#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/log.h"
#include "policy/dns/resolver.h"
#include "policy/engine/direction.h"
#include "policy/engine/policy.h"
#include "policy/mail/facts.h"
#include "policy/mail/reply.h"
#include "policy/rules/rule_set.h"

namespace postern {

/// All there is to tell of one transaction when it ends. Log, `postern test` and later sinks read it and nothing else.
struct DecisionRecord {
  enum class End {
    decided,  ///< we spoke: `action` stands
    aborted,  ///< RSET, a new MAIL or a lost connection before we had to; `action` is accept as far as it went
  };

  std::string id;
  std::string queue_id;
  std::uint64_t generation = 0;
  Mode mode = Mode::enforce;
  std::shared_ptr<const Client> client;
  std::shared_ptr<const Greeting> greeting;
  std::shared_ptr<const Sender> sender;
  Direction direction = Direction::inbound;

  End end = End::decided;
  Stage stage = Stage::end;  ///< at which the decision was spoken
  rules::FinalAction action = rules::FinalAction::accept;
  std::string rule;  ///< empty: no rule is named
  std::optional<Reply> reply;
  std::string text;  ///< quarantine's or discard's reason
  bool softened = false;

  struct RecipientOutcome {
    std::string address;
    rules::FinalAction action = rules::FinalAction::accept;
    std::string rule;
    std::optional<Reply> reply;
    bool by_mta = false;  ///< the MTA refused it before us
  };
  std::vector<RecipientOutcome> recipients;

  struct CheckResult {
    std::string check;
    std::string outcome;
    std::string reason;
    std::string recipient;  ///< of a check that belongs to one recipient
    double ms = 0;
    bool failed = false;
    dns::Trust trust = dns::Trust::local;  ///< in the DNS answers it rests on
  };
  std::vector<CheckResult> findings;  ///< of every check that was asked, in the order of the registry

  std::shared_ptr<const Evidence> evidence;  ///< what SPF, DKIM, ARC and DMARC said; null where nobody asked

  std::vector<std::string> matched;
  std::vector<std::string> degraded;
  std::vector<std::string> tags;
  std::int64_t score = 0;
  std::vector<Edit> edits;
  std::string authentication_results;
  std::vector<std::string> log;  ///< texts of `log` actions, "rule: text"
  std::string would;             ///< "reject rule-name" when the monitored rules would have ended otherwise
  std::uint64_t bytes = 0;       ///< of the message as far as it was sent to us
  double ms = 0;                 ///< from MAIL to here
};

/// The `decision` event of docs/log-events.md.
Event decision_event(const DecisionRecord& record);

}  // namespace postern
