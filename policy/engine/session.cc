#include "policy/engine/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/base/text.h"
#include "policy/engine/carry_out.h"
#include "policy/engine/decision_id.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/ending.h"
#include "policy/engine/judge.h"
#include "policy/engine/misses.h"
#include "policy/engine/record_of.h"
#include "policy/engine/transaction.h"

namespace postern {

using rules::Decision;
using rules::FinalAction;

namespace {

constexpr std::size_t kMaxRecipients = 10'000;    // local: Postfix's default is 1000
constexpr std::chrono::minutes kOldPolicyFor{5};  // DESIGN 1: then 421, so that the MTA negotiates anew

bool signs_body(const Policy& policy, Direction direction) {
  if (!policy.signing || direction == Direction::relay) return false;
  return direction == Direction::inbound ? policy.signing->seal.has_value() : !policy.signing->keys.empty();
}

/// Does the rule that refuses put the account on hold?
bool freezes(const Transaction& t, const Decision& decision) {
  if (t.sender->login.empty() || t.policy->backends->freezer == nullptr) return false;
  return std::any_of(decision.effects.begin(), decision.effects.end(), [&](const rules::Effect& effect) {
    return effect.kind == rules::Effect::Kind::freeze && effect.rule == decision.rule;
  });
}

}  // namespace

struct Session::State {
  Services& services;
  PolicySource policies;
  std::shared_ptr<const Policy> policy;
  std::optional<SteadyTime> outdated_since;  ///< a newer policy wants steps that this connection did not negotiate
  std::shared_ptr<const Client> client = std::make_shared<Client>();
  std::unique_ptr<Transaction> transaction;
  ConnectionCounts counted;  ///< by limits that count once a connection
  std::string no_id;

  Deadline wait(std::chrono::seconds longest, WaitObserver* observer) const {
    return Deadline(services.clock.now() + longest, observer);
  }

  void adopt_policy();
  void readopt_policy();
  bool must_reconnect() const;
  Findings::Inputs inputs(const Transaction& t) const;
  std::shared_ptr<Evidence> evidence(const Transaction& t) const;
  std::unique_ptr<LimitBook> limits();
  void count_connection(WaitObserver* observer);
  void act_on(const Decision& decision, const RecipientState* at_hand, const Deadline& deadline);
  Reaction take_recipient(const RecipientState& r);
  Reaction refuse_message(Decision decision, Stage stage, const Deadline& deadline = Deadline(SteadyTime()),
                          const RecipientState* at_hand = nullptr);
  Reaction repeat_refusal() const;
  void refuse_over_cap();
  void look_for_login() const;
  void complete_header();
  void tell(DecisionRecord record, SteadyTime began);
  void drop();
};

// DESIGN 1: a connection adopts a new policy at MAIL if what it negotiated suffices.
void Session::State::adopt_policy() {
  std::shared_ptr<const Policy> newest = policies.current ? policies.current() : policy;
  if (newest == policy) return;
  if (!policies.can_adopt || policies.can_adopt(*newest)) {
    policy = std::move(newest);
    outdated_since.reset();
  } else if (!outdated_since) {
    outdated_since = services.clock.now();
  }
}

// Nothing, but in the test that shows what a message's own policy is there for.
void Session::State::readopt_policy() {
  if (services.limits.keeps_policy) return;
  adopt_policy();
  transaction->policy = policy;
}

bool Session::State::must_reconnect() const {
  return outdated_since && services.clock.now() - *outdated_since >= kOldPolicyFor;
}

Findings::Inputs Session::State::inputs(const Transaction& t) const {
  return {.policy = t.policy,
          .dns = t.dns,
          .client = t.client,
          .greeting = t.greeting,
          .sender = t.sender,
          .recipient = {},
          .taken = t.taken,
          .taken_before = t.taken ? t.taken->size() : 0,
          .evidence = t.evidence,
          .addresses = {},
          .first_received = {},
          .direction = t.direction,
          .unix_time = t.unix_time};
}

std::shared_ptr<Evidence> Session::State::evidence(const Transaction& t) const {
  return std::make_shared<Evidence>(Evidence::Inputs{.backends = t.policy->backends,
                                                     .dns = t.dns,
                                                     .client = t.client,
                                                     .greeting = t.greeting,
                                                     .sender = t.sender,
                                                     .receiver = t.policy->site.hostname,
                                                     .unix_time = t.unix_time,
                                                     .clock = &services.clock,
                                                     .signatures = t.policy->needs.signatures,
                                                     .hashes_body = signs_body(*t.policy, t.direction)});
}

std::unique_ptr<LimitBook> Session::State::limits() {
  if (policy->limits.empty()) return nullptr;
  return std::make_unique<LimitBook>(*policy, policy->backends->ledger.get(), counted, services.counters);
}

// LANGUAGE 7: connections are charged at connect, where what decides of them is known there; else at the first MAIL.
void Session::State::count_connection(WaitObserver* observer) {
  const auto counts = [](const limits::Limit& limit) { return limit.unit == limits::Unit::connections; };
  if (std::none_of(policy->limits.begin(), policy->limits.end(), counts)) return;
  Transaction t;
  t.policy = policy;
  t.unix_time = std::chrono::duration_cast<std::chrono::seconds>(services.clock.wall().time_since_epoch()).count();
  t.client = client;
  t.greeting = std::make_shared<const Greeting>();
  t.sender = std::make_shared<const Sender>();
  t.limits = limits();
  t.now = services.clock.now();
  t.limits->ask(t, nullptr, Stage::connect, wait(services.limits.callback_wait, observer));
}

Reaction Session::State::take_recipient(const RecipientState& r) {
  if (transaction->taken) transaction->taken->push_back(fold(r.recipient->path.text()));
  return {};
}

// What a rule does beside answering.
void Session::State::act_on(const Decision& decision, const RecipientState* at_hand, const Deadline& deadline) {
  if (transaction->policy->mode == Mode::enforce) carry_out(*transaction, decision, at_hand, services, deadline);
}

Reaction Session::State::refuse_message(Decision decision, Stage stage, const Deadline& deadline,
                                        const RecipientState* at_hand) {
  Transaction& t = *transaction;
  act_on(decision, at_hand, deadline);
  if (t.limits) t.limits->refuse();
  t.refused_reply = decision.reply->with_id(t.id);
  t.refused = std::move(decision);
  t.refused_at = stage;
  return repeat_refusal();
}

// FAULTS T9: refused, never skipped and accepted.
void Session::State::refuse_over_cap() {
  if (transaction->refused || !transaction->over_header_cap || transaction->policy->mode != Mode::enforce) return;
  Decision decision;
  decision.action = FinalAction::reject;
  decision.reply = Reply::make(ReplyClass::permfail, 552, {3, 4}, "Too many or too large header fields");
  refuse_message(std::move(decision), Stage::headers);
}

// FIELD 3.13: without these macros nobody can be told from anybody, and nothing else would say so.
void Session::State::look_for_login() const {
  const Transaction& t = *transaction;
  const auto& listeners = t.policy->site.submission;
  if (!t.sender->login.empty() || std::find(listeners.begin(), listeners.end(), t.client->listener) == listeners.end())
    return;
  services.counters.get("sessions.auth_macro_missing").add();
  services.log.write(
      Event{"advice", LogLevel::warning, {}}
          .add("part", std::string("auth-macros"))
          .add("listener", t.client->listener)
          .add("text", std::string("the MTA lets a recipient through on a submission listener and tells no "
                                   "login: send {auth_authen} and {auth_type} at MAIL")));
}

// Once a message: at the end of its header, or of all where the MTA told no end of the header.
void Session::State::complete_header() {
  Transaction& t = *transaction;
  if (t.addresses) return;
  t.addresses = std::make_shared<const HeaderAddresses>(read_addresses(*t.headers));
  if (t.evidence) t.evidence->header_is(t.headers, t.addresses);
  if (!t.findings) return;
  const auto received =
      std::find_if(t.headers->begin(), t.headers->end(), [](const HeaderField& f) { return f.is("Received"); });
  t.findings->header_is(t.addresses, received == t.headers->end() ? std::string() : received->unfolded());
  if (!t.refused) t.findings->start(Stage::headers);
}

Reaction Session::State::repeat_refusal() const { return Reaction::refuse(*transaction->refused_reply); }

void Session::State::tell(DecisionRecord record, SteadyTime began) {
  record.ms = std::chrono::duration<double, std::milli>(services.clock.now() - began).count();
  services.counters
      .get(record.end == DecisionRecord::End::aborted ? "decisions.aborted"
                                                      : fmt::format("decisions.{}", rules::name(record.action)))
      .add();
  if (!record.degraded.empty()) services.counters.get("decisions.degraded").add();
  if (services.log.wants(LogLevel::info)) services.log.write(decision_event(record));
  if (services.on_decision) services.on_decision(record);
}

// A transaction that ends without our verdict at its end: refused on the way, or given up by the client.
void Session::State::drop() {
  if (!transaction) return;
  const std::unique_ptr<Transaction> ended = std::move(transaction);  // gone, whatever fails below
  Transaction& t = *ended;
  DecisionRecord record = record_of(t);
  const auto taken =
      std::find_if(t.recipients.begin(), t.recipients.end(), [](const RecipientState& r) { return r.accepted(); });
  const auto refused = std::find_if(t.recipients.begin(), t.recipients.end(),
                                    [](const RecipientState& r) { return r.refused.has_value(); });
  if (t.refused) {
    enter(record, *t.policy, *t.refused, t.refused_reply, t.refused_at);
  } else if (taken == t.recipients.end() && refused != t.recipients.end()) {
    enter(record, *t.policy, *refused->refused, refused->refused_reply, Stage::recipient);
  } else {
    record.end = DecisionRecord::End::aborted;
    record.stage = t.stage;
  }
  tell(std::move(record), t.began);
}

Session::Session(Services& services, PolicySource policies)
    : state_(std::make_unique<State>(
          State{services, std::move(policies), {}, {}, std::make_shared<Client>(), {}, {}, {}})) {
  state_->policy = state_->policies.first;
}

// A record that cannot be made is no reason to end the process.
Session::~Session() {
  try {
    close();
  } catch (...) {
    return;
  }
}

Reaction Session::connect(Client client, WaitObserver* observer) {
  state_->client = std::make_shared<const Client>(std::move(client));
  state_->counted = {};
  state_->count_connection(observer);
  return {};
}

Reaction Session::helo(Greeting, WaitObserver*) { return {}; }  // fixed at MAIL: it may come again (LANGUAGE 5)

Reaction Session::mail(Sender sender, Greeting greeting, WaitObserver* observer) {
  State& s = *state_;
  s.drop();
  s.adopt_policy();
  // FIELD 3.12: the name in a TLS client certificate is no login unless the site says so.
  if (ascii_iequals(sender.auth_type, "EXTERNAL") && !s.policy->site.certificate_logins) sender.login.clear();
  auto t = std::make_unique<Transaction>();
  t->policy = s.policy;
  t->id = make_decision_id();
  t->began = s.services.clock.now();
  t->unix_time = std::chrono::duration_cast<std::chrono::seconds>(s.services.clock.wall().time_since_epoch()).count();
  t->client = s.client;
  t->greeting = std::make_shared<const Greeting>(std::move(greeting));
  t->sender = std::make_shared<const Sender>(std::move(sender));
  t->direction = settle_direction(s.policy->site, *t->client, *t->sender);
  const Needs& needs = s.policy->needs;
  if (t->has_checks() || needs.evidence)
    t->dns = std::make_shared<dns::MessageResolver>(s.services.dns, s.services.counters);
  if (needs.evidence) t->evidence = s.evidence(*t);
  if (t->has_checks()) {
    t->findings = std::make_unique<Findings>(s.services, Scope::message, s.inputs(*t));
  }
  t->now = t->began;
  t->limits = s.limits();
  if (needs.behaviour) {
    t->taken = std::make_shared<std::vector<std::string>>();
    t->likeness = std::make_unique<limits::BodyLikeness>();
  }
  s.transaction = std::move(t);
  Transaction& now = *s.transaction;
  if (s.must_reconnect()) {
    Decision decision;
    decision.action = FinalAction::defer;
    decision.reply = Reply::make(ReplyClass::tempfail, 421, {3, 2}, "The policy has changed: connect again");
    return s.refuse_message(std::move(decision), Stage::sender);
  }
  if (now.has_checks()) {
    for (const Stage stage : {Stage::connect, Stage::helo, Stage::sender}) now.findings->start(stage);
  }
  const Deadline deadline = s.wait(s.services.limits.callback_wait, observer);
  if (now.limits) now.limits->count_at_once(now, Stage::sender, deadline);
  if (now.policy->answer_at != Stage::sender || now.direction == Direction::local) return {};
  rules::Verdict verdict = settle(now, nullptr, Stage::sender, rules::Layer::enforced, deadline);
  if (verdict.kind != rules::Verdict::Kind::certain) return {};
  return s.refuse_message(std::move(verdict.decision), Stage::sender, deadline);
}

void Session::queue_id(std::string_view id) {
  if (state_->transaction && state_->transaction->queue_id.empty()) state_->transaction->queue_id = id.substr(0, 100);
}

Reaction Session::rcpt(Recipient recipient, WaitObserver* observer) {
  State& s = *state_;
  if (!s.transaction) return {};  // out of order: the MTA's matter
  Transaction& t = *s.transaction;
  if (t.recipients.size() >= kMaxRecipients) {
    s.services.counters.get("caps.recipients").add();
    return Reaction::refuse(Reply::make(ReplyClass::tempfail, 452, {5, 3}, "Too many recipients").with_id(t.id));
  }
  t.stage = Stage::recipient;
  t.now = s.services.clock.now();
  const bool first_let_through =
      std::all_of(t.recipients.begin(), t.recipients.end(), [](const RecipientState& r) { return r.by_mta; });
  if (first_let_through) s.look_for_login();
  t.recipients.emplace_back();
  RecipientState& r = t.recipients.back();
  r.recipient = std::make_shared<const Recipient>(std::move(recipient));
  if (t.has_checks()) {
    Findings::Inputs inputs = s.inputs(t);
    inputs.recipient = r.recipient;
    r.findings = std::make_unique<Findings>(s.services, Scope::recipient, std::move(inputs));
    r.findings->start(Stage::recipient);
    if (t.recipients.size() == 1) t.findings->start(Stage::recipient);
  }
  if (t.refused) {
    r.refused = t.refused;
    r.refused_reply = t.refused_reply;
    return s.repeat_refusal();
  }
  // PLATFORM 3: a local submission refused at a recipient never leaves the queue.
  if (t.direction == Direction::local) return s.take_recipient(r);
  const Deadline deadline = s.wait(s.services.limits.callback_wait, observer);
  rules::Verdict verdict = settle(t, &r, Stage::recipient, rules::Layer::enforced, deadline);
  if (verdict.kind == rules::Verdict::Kind::certain) {
    r.refused = verdict.decision;
    r.refused_reply = verdict.decision.reply->with_id(t.id);
    const bool is_budget = t.limits && t.limits->is_over_for(*r.recipient);  // says nothing of whether it exists
    if (verdict.decision.scoped && !is_budget && r.refused_reply->reply_class() == ReplyClass::permfail)
      note_miss(t, r, s.services);
    // LANGUAGE 6: what does not depend on a recipient refuses the message, this and later recipients and DATA. So does what
    // puts the account on hold, of whichever recipient it was noticed: the first half is not to go out.
    if (!verdict.decision.scoped || freezes(t, verdict.decision))
      return s.refuse_message(std::move(verdict.decision), Stage::recipient, deadline, &r);
    s.act_on(verdict.decision, &r, deadline);
    if (t.limits) t.limits->recipient_is_refused(*r.recipient);
    return Reaction::refuse(*r.refused_reply);
  }
  if (fits_profile(t, r, deadline)) return s.take_recipient(r);
  Decision apart;
  apart.action = FinalAction::defer;
  apart.reply =
      Reply::make(ReplyClass::tempfail, 452, {5, 3}, "This recipient needs different treatment: send it apart");
  r.refused = apart;
  r.refused_reply = apart.reply->with_id(t.id);
  if (t.limits) t.limits->recipient_is_refused(*r.recipient);
  s.services.counters.get("decisions.split").add();
  return Reaction::refuse(*r.refused_reply);
}

void Session::rcpt_refused_by_mta(const Recipient& recipient) {
  if (!state_->transaction || state_->transaction->recipients.size() >= kMaxRecipients) return;
  RecipientState r;
  r.recipient = std::make_shared<const Recipient>(recipient);
  r.by_mta = true;
  state_->transaction->recipients.push_back(std::move(r));
  note_miss(*state_->transaction, state_->transaction->recipients.back(), state_->services);
}

Reaction Session::data(WaitObserver*) {
  State& s = *state_;
  if (!s.transaction) return {};
  if (!s.transaction->refused) return {};
  const Reaction reaction = s.repeat_refusal();
  if (s.transaction->policy->needs.reply_data) s.drop();  // else a later step says it
  return reaction;
}

Reaction Session::header(HeaderField field) {
  State& s = *state_;
  if (!s.transaction || s.transaction->refused) return {};
  Transaction& t = *s.transaction;
  const std::size_t bytes = field.name.size() + 1 + field.value.size() + 2;
  t.header_bytes += bytes;
  const Limits& most = s.services.limits;
  const bool over =
      t.headers->size() >= most.header_fields || t.header_bytes > most.header_bytes || bytes > most.field_bytes;
  if (!over) {
    if (t.evidence) t.evidence->field(field);
    t.headers->push_back(std::move(field));
    return {};
  }
  if (!t.over_header_cap) s.services.counters.get("caps.headers").add();
  t.over_header_cap = true;
  return {};
}

Reaction Session::end_of_headers(WaitObserver* observer) {
  State& s = *state_;
  if (!s.transaction) return {};
  Transaction& t = *s.transaction;
  t.stage = Stage::headers;
  s.refuse_over_cap();
  s.complete_header();
  if (!t.refused && t.policy->needs.reply_headers && t.direction != Direction::local) {
    const Deadline deadline = s.wait(s.services.limits.callback_wait, observer);
    if (auto decision = refusal_for_all(t, Stage::headers, deadline))
      s.refuse_message(std::move(*decision), Stage::headers, deadline);
  }
  if (!t.refused) return {};
  const Reaction reaction = s.repeat_refusal();
  if (t.policy->needs.reply_headers) s.drop();  // else end-of-message says it
  return reaction;
}

Reaction Session::body(std::string_view chunk) {
  if (!state_->transaction) return {};
  Transaction& t = *state_->transaction;
  t.body_bytes += chunk.size();
  state_->complete_header();  // where the MTA told no end of it
  if (t.evidence && !t.refused) t.evidence->body(chunk);
  if (t.likeness && !t.refused) t.likeness->add(chunk);
  return {};
}

bool Session::body_done() const { return !state_->transaction || !state_->transaction->policy->needs.body; }

Reaction Session::end_of_message(WaitObserver* observer) {
  State& s = *state_;
  // Nothing slips through that was never judged: an end without a MAIL, or after a refusal that the MTA did not heed.
  if (!s.transaction)
    return Reaction::refuse(Reply::make(ReplyClass::tempfail, 451, {3, 0}, "No message is open here"));
  Transaction& t = *s.transaction;
  t.stage = Stage::end;
  s.refuse_over_cap();
  s.complete_header();
  if (t.refused) {
    const Reaction reaction = s.repeat_refusal();
    s.drop();
    return reaction;
  }
  if (t.evidence) t.evidence->body_is_complete();
  s.readopt_policy();
  if (t.limits) t.limits->renew(t, s.services.clock.now(), s.wait(s.services.limits.callback_wait, observer));
  Ending ending = end_message(t, s.wait(s.services.limits.end_wait, observer), s.services);
  s.tell(std::move(ending.record), t.began);
  s.transaction.reset();
  return std::move(ending.reaction);
}

void Session::abort() { state_->drop(); }

void Session::close() {
  if (state_) state_->drop();
}

const std::string& Session::id() const { return state_->transaction ? state_->transaction->id : state_->no_id; }

}  // namespace postern
