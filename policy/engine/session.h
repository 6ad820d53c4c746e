#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/engine/policy.h"
#include "policy/engine/services.h"
#include "policy/mail/facts.h"
#include "policy/mail/reply.h"

namespace postern {

/// What the MTA is told at one step. A refusal carries its reply; there is no other way to refuse.
struct Reaction {
  enum class Kind {
    go_on,       ///< SMFIS_CONTINUE, or no reply where none was negotiated
    refuse,      ///< `reply`: TEMPFAIL or REJECT by its class
    accept,      ///< end-of-message only
    discard,     ///< end-of-message only
    quarantine,  ///< end-of-message only, with `reason`
  };
  Kind kind = Kind::go_on;
  std::optional<Reply> reply;  ///< with the decision id
  std::string reason;
  std::vector<Edit> edits;  ///< end-of-message only

  static Reaction refuse(Reply reply) { return {Kind::refuse, std::move(reply), {}, {}}; }
};

/// One milter connection: facts in, reactions out. Knows no libmilter. Methods are called one after another, on any
/// thread, in any order the MTA likes; each is safe in any state. Message state is rebuilt at every MAIL and dropped at
/// end-of-message, abort and close. `observer`, where given, is told of waits.
class Session {
 public:
  /// `policy` is the one in force at connect; `current` answers the newest at each MAIL, which the session adopts where
  /// the negotiated steps suffice (`can_adopt`); else it keeps the old one, and after 5 minutes answers 421 4.3.2.
  struct PolicySource {
    std::shared_ptr<const Policy> first;
    std::function<std::shared_ptr<const Policy>()> current;
    std::function<bool(const Policy&)> can_adopt;
  };
  Session(Services& services, PolicySource policies);
  ~Session();

  Reaction connect(Client client, WaitObserver* observer);
  Reaction helo(Greeting greeting, WaitObserver* observer);
  /// `greeting` again, as TLS and the last HELO have it at MAIL.
  Reaction mail(Sender sender, Greeting greeting, WaitObserver* observer);
  /// The MTA's queue id, when it is known (Postfix: from DATA on).
  void queue_id(std::string_view id);
  Reaction rcpt(Recipient recipient, WaitObserver* observer);
  /// A recipient that the MTA refused itself (SMFIP_RCPT_REJ): counted, never taken as accepted.
  void rcpt_refused_by_mta(const Recipient& recipient);
  Reaction data(WaitObserver* observer);
  Reaction header(HeaderField field);
  Reaction end_of_headers(WaitObserver* observer);
  Reaction body(std::string_view chunk);
  /// True when no more of the body is needed (SMFIS_SKIP).
  bool body_done() const;
  Reaction end_of_message(WaitObserver* observer);
  void abort();
  /// Never blocks.
  void close();

  /// The decision id of the transaction at hand, or empty.
  const std::string& id() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
