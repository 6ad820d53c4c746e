#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/engine/direction.h"
#include "policy/engine/findings.h"
#include "policy/engine/limit_book.h"
#include "policy/engine/policy.h"
#include "policy/engine/services.h"
#include "policy/limits/likeness.h"
#include "policy/mail/facts.h"
#include "policy/mail/header_address.h"
#include "policy/rules/decide.h"

namespace postern {

/// A recipient of the transaction at hand, and what became of it so far.
struct RecipientState {
  std::shared_ptr<const Recipient> recipient;
  std::unique_ptr<Findings> findings;      ///< of the checks that belong to one recipient; null where there are none
  std::optional<rules::Decision> refused;  ///< spoken at its RCPT
  std::optional<Reply> refused_reply;
  bool by_mta = false;

  bool accepted() const { return !refused_reply && !by_mta; }
};

/// All that belongs to one message and to nothing else: built at MAIL, dropped at its end. The facts in it are frozen
/// and shared, so that background work may outlive it.
struct Transaction {
  std::shared_ptr<const Policy> policy;
  std::string id;
  std::string queue_id;
  SteadyTime began;
  SteadyTime now;  ///< of the step at hand
  std::int64_t unix_time = 0;
  std::shared_ptr<const Client> client;
  std::shared_ptr<const Greeting> greeting;
  std::shared_ptr<const Sender> sender;
  Direction direction = Direction::inbound;

  Stage stage = Stage::sender;  ///< how far the dialogue has come
  std::vector<RecipientState> recipients;
  std::shared_ptr<Header> headers = std::make_shared<Header>();  ///< complete, and as it is, once `addresses` are there
  std::shared_ptr<const HeaderAddresses> addresses;              ///< of the whole header; null before its end
  std::uint64_t header_bytes = 0;
  std::uint64_t body_bytes = 0;
  bool over_header_cap = false;
  std::shared_ptr<dns::MessageResolver> dns;  ///< as `findings`, null where no rule reads a check
  std::shared_ptr<Evidence> evidence;         ///< null where nothing asks for it
  std::unique_ptr<Findings> findings;         ///< of the checks that belong to the message

  std::unique_ptr<LimitBook> limits;  ///< null where the policy has none

  std::shared_ptr<std::vector<std::string>> taken;  ///< folded addresses; null where behaviour is not watched …
  std::unique_ptr<limits::BodyLikeness> likeness;   ///< … like this
  std::vector<rules::Effect> carried_out;           ///< of rules that freeze or notify

  std::optional<rules::Decision> refused;  ///< the whole message is refused …
  std::optional<Reply> refused_reply;      ///< … with these words, again at every later step
  Stage refused_at = Stage::sender;

  bool has_checks() const { return !policy->rules->checks().empty(); }
};

}  // namespace postern
