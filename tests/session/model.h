#pragma once

#include <libmilter/mfapi.h>

#include <optional>
#include <string>
#include <vector>

#include "milter/negotiate.h"
#include "tests/session/judgement.h"

namespace postern::session {

/// What is wrong with the world while a round of sessions is held.
struct Weather {
  bool no_sessions = false;   ///< admission welcomes no session
  bool no_callbacks = false;  ///< … and no callback
  bool draining = false;
  std::string failing_step = {};  ///< the callback that throws
  int edits_until_failure = -1;   ///< so many edits are taken; -1: all

  std::string text() const;
};

/// What came of one callback.
struct Told {
  sfsistat verdict = SMFIS_CONTINUE;
  std::string reply = {};                   ///< "550 5.7.1"; empty: none
  std::vector<std::string> changes = {};    ///< "delete NAME INDEX", "insert 0 NAME", "add NAME:VALUE", "quarantine"
  std::vector<std::string> decisions = {};  ///< each transaction that ended: "aborted", "reject 550 5.7.1 by RULE"

  std::string text() const;
  friend bool operator==(const Told&, const Told&) = default;
};

/// A pure model of one milter session: what each callback must answer and what decision is told, in any order of
/// callbacks. It is written from docs/life-of-a-message.md and LANGUAGE; of the product it uses negotiate() and
/// can_adopt(), which have tests of their own.
class Model {
 public:
  /// `weather` outlives this.
  explicit Model(const Weather& weather) : weather_(weather) {}

  /// `in_force` is the policy that new messages get at this moment.
  Told expect(const Event& event, const TestPolicy& in_force);

  /// The terms of the session at hand; null without one.
  const Terms* terms() const { return connection_ ? &connection_->terms : nullptr; }

 private:
  struct Recipient {
    const RecipientWord* word;
    bool by_mta = false;
    std::optional<Judgement> refused = {};
    bool taken() const { return !by_mta && !refused; }
  };
  struct Message {
    const TestPolicy* policy;
    const ClientWord* client;
    Direction direction;
    bool helo_bad;
    const SenderWord* sender;
    std::vector<Recipient> recipients = {};
    std::vector<const HeaderWord*> headers = {};
    std::uint64_t bytes = 0;
    bool over_cap = false;
    std::optional<Judgement> refused = {};
  };
  struct Session {
    const TestPolicy* policy;
    const ClientWord* client;
    std::optional<Message> message = {};
  };
  struct Connection {
    Terms terms;
    const TestPolicy* first;
    std::string barred = {};
    std::string held = {};
    const char* helo = "";
    bool local = false;
    std::optional<Session> session = {};
  };

  void step(Step step, const Event& event, const TestPolicy& in_force);
  void go_on(Step step);
  void refuse(Step step, const std::string& reply);
  void give_up(Step step, const std::string& reply);
  std::string obstacle() const;
  void fail(Step step);
  void drop();
  void close();

  void negotiate_with(const OfferWord& offer, const TestPolicy& in_force);
  void connect(const ClientWord& client);
  void mail(const SenderWord& sender, const TestPolicy& in_force);
  void rcpt(const RecipientWord& word);
  void data();
  void header(const HeaderWord& word);
  void end_of_headers();
  void body(std::size_t bytes);
  void end_of_message();

  Message* message() {
    return connection_->session && connection_->session->message ? &*connection_->session->message : nullptr;
  }
  Knowledge knowledge(const Message& m, Stage stage, const RecipientWord* recipient) const;
  bool fits_profile(const Message& m, const Recipient& recipient) const;
  std::optional<Judgement> refusal_for_all(const Message& m) const;
  Judgement conclude(const Message& m) const;
  void refuse_over_cap(Message& m) const;
  void tell(const Judgement& judgement);
  void let_through(const Message& m, const Judgement& judgement);

  const Weather& weather_;
  std::optional<Connection> connection_;
  Told told_;
};

}  // namespace postern::session
