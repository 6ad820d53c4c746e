#include "milter/connection.h"

#include <cstring>

#include "milter/apply.h"
#include "milter/client_facts.h"
#include "milter/speak.h"

namespace postern {

namespace {

constexpr std::chrono::seconds kProgressEvery{4};  // FAULTS I3: at most 5 s; Sendmail waits 10 s (PLATFORM 2)
constexpr std::size_t kMaxTextBytes = 1000;        // local: of a macro or a HELO name

Reply tempfail(int code, Detail status, std::string_view text) {
  return Reply::make(ReplyClass::tempfail, code, status, text);
}
Reply internal_error() { return tempfail(451, {3, 0}, "Internal error, try again later"); }  // FAULTS 1.1
Reply busy() { return tempfail(451, {3, 2}, "Too busy, try again later"); }
Reply going_down() { return tempfail(421, {3, 2}, "Service is restarting, try again later"); }
Reply misfit() { return tempfail(451, {3, 5}, "Mail filter and server do not fit together"); }

}  // namespace

Connection::Connection(Gate& gate, std::shared_ptr<const Policy> policy, Terms terms)
    : gate_(gate), place_(gate.admission), terms_(std::move(terms)), first_policy_(std::move(policy)) {
  if (!terms_.refusal.empty()) barred_ = misfit();
  if (!place_.welcome()) barred_ = busy();
}

Connection::~Connection() = default;

sfsistat Connection::connect(SMFICTX* context, const char* host, const sockaddr* address) {
  client_ = client_facts(bounded(host), address,
                         {.daemon_name = symbol(context, "{daemon_name}"),
                          .daemon_port = symbol(context, "{daemon_port}"),
                          .client_ptr = symbol(context, "{client_ptr}")});
  session_ = std::make_unique<Session>(
      gate_.services,
      Session::PolicySource{.first = first_policy_,
                            .current = [this] { return gate_.policy.get(); },
                            .can_adopt = [this](const Policy& policy) { return can_adopt(terms_, policy.needs); }});
  if (barred_) return go_on(Step::connect);
  const Reaction reaction = session_->connect(client_, this);
  if (reaction.kind == Reaction::Kind::refuse) barred_ = reaction.reply;  // FAULTS T5: never spoken here
  return go_on(Step::connect);
}

sfsistat Connection::helo(const char* name) {
  helo_ = bounded(name);
  if (barred_ || !session_) return go_on(Step::helo);
  const Reaction reaction =
      session_->helo(Greeting{.helo = helo_, .tls_version = {}, .tls_cipher = {}, .tls_subject = {}}, this);
  if (reaction.kind == Reaction::Kind::refuse) barred_ = reaction.reply;
  return go_on(Step::helo);
}

sfsistat Connection::mail(SMFICTX* context, char** arguments) {
  if (!gate_.test.without("reset")) held_.reset();
  const Admission::Callback ticket(gate_.admission);
  if (const auto reply = obstacle(ticket)) return give_up(context, Step::mail, *reply);
  if (gate_.draining) return give_up(context, Step::mail, going_down());
  if (gate_.admission.sheds_for_memory()) return give_up(context, Step::mail, busy());
  Sender sender = sender_facts(arguments);
  sender.login = symbol(context, "{auth_authen}");
  sender.auth_type = symbol(context, "{auth_type}");
  Greeting greeting{.helo = helo_,
                    .tls_version = symbol(context, "{tls_version}"),
                    .tls_cipher = symbol(context, "{cipher}"),
                    .tls_subject = symbol(context, "{cert_subject}")};
  const Reaction reaction = session_->mail(std::move(sender), std::move(greeting), this);
  note_queue_id(context);
  return react(context, Step::mail, reaction);
}

sfsistat Connection::rcpt(SMFICTX* context, char** arguments) {
  Recipient recipient{Path::parse(arguments[0] == nullptr ? "" : arguments[0])};
  if (symbol(context, "{rcpt_mailer}") == "error") {  // SMFIP_RCPT_REJ: refused by the MTA already
    if (session_ && !barred_ && !held_) session_->rcpt_refused_by_mta(recipient);
    return go_on(Step::rcpt);
  }
  const Admission::Callback ticket(gate_.admission);
  if (const auto reply = obstacle(ticket)) {
    if (client_.local)
      held_ = reply;  // FAULTS T14: a refused recipient would keep such a message in the queue for ever
    return client_.local ? go_on(Step::rcpt) : refuse(context, Step::rcpt, *reply);
  }
  return react(context, Step::rcpt, session_->rcpt(std::move(recipient), this));
}

sfsistat Connection::data(SMFICTX* context) {
  const Admission::Callback ticket(gate_.admission);
  if (const auto reply = obstacle(ticket)) return give_up(context, Step::data, *reply);
  note_queue_id(context);
  return react(context, Step::data, session_->data(this));
}

sfsistat Connection::header(SMFICTX* context, const char* name, const char* value) {
  if (held_ || barred_ || !session_) return go_on(Step::header);
  // PLATFORM 2: without the leading space that the field had, the usual one is the best guess.
  const std::string text = (terms_.leading_space() ? "" : " ") + std::string(value == nullptr ? "" : value);
  return react(context, Step::header, session_->header({name == nullptr ? "" : name, text}));
}

sfsistat Connection::end_of_headers(SMFICTX* context) {
  const Admission::Callback ticket(gate_.admission);
  if (const auto reply = obstacle(ticket)) return give_up(context, Step::end_of_headers, *reply);
  note_queue_id(context);
  return react(context, Step::end_of_headers, session_->end_of_headers(this));
}

sfsistat Connection::body(SMFICTX* context, std::string_view chunk) {
  if (held_ || barred_ || !session_) return terms_.may_skip_body() ? SMFIS_SKIP : go_on(Step::body);
  const Reaction reaction = session_->body(chunk);
  if (reaction.kind == Reaction::Kind::go_on && terms_.may_skip_body() && session_->body_done()) return SMFIS_SKIP;
  return react(context, Step::body, reaction);
}

sfsistat Connection::end_of_message(SMFICTX* context) {
  const Admission::Callback ticket(gate_.admission);
  if (const auto reply = obstacle(ticket)) return give_up(context, Step::end_of_message, *reply);
  note_queue_id(context);
  at_end_ = context;
  last_progress_ = std::chrono::steady_clock::now();
  const Reaction reaction = session_->end_of_message(this);
  at_end_ = nullptr;
  return finish(context, reaction);
}

void Connection::abort() {
  if (!gate_.test.without("reset")) held_.reset();
  if (session_) session_->abort();
}

void Connection::close() {
  if (session_) session_->close();
}

sfsistat Connection::failed(SMFICTX* context, Step step, std::string_view what) noexcept {
  try {
    at_end_ = nullptr;
    ends();
    gate_.services.counters.get("milter.faults").add();
    gate_.services.log.write(Event{"fault", LogLevel::error, {}}
                                 .add("part", std::string("callback"))
                                 .add("step", std::string(name(step)))
                                 .add("id", session_ ? session_->id() : std::string())
                                 .add("reason", std::string(what)));
    const Reply reply = internal_error();
    if (step == Step::connect) barred_ = reply;  // without its facts no message of this client can be judged
    held_ = reply;
    if (session_) session_->abort();
    return refuse(context, step, reply);
  } catch (...) {
    return terms_.replies(step) ? SMFIS_TEMPFAIL : SMFIS_NOREPLY;
  }
}

void Connection::begins() {
  waiting_ = true;
  if (gate_.nudge != nullptr) gate_.nudge->wait_begins();
  send_progress();
}

void Connection::goes_on() { send_progress(); }

void Connection::ends() {
  if (waiting_ && gate_.nudge != nullptr) gate_.nudge->wait_ends();
  waiting_ = false;
}

// Spoken now, or kept for the next step that has a reply.
sfsistat Connection::refuse(SMFICTX* context, Step step, const Reply& reply) {
  if ((step == Step::connect || step == Step::helo) && !gate_.test.without("hold")) return go_on(step);
  if (!terms_.replies(step)) {
    held_ = reply;
    return SMFIS_NOREPLY;
  }
  return speak(context, reply, !gate_.test.without("escape"));
}

// The same of a message that the engine may have open: the MTA tells it nothing after our refusal (PLATFORM 2).
sfsistat Connection::give_up(SMFICTX* context, Step step, const Reply& reply) {
  if (session_) session_->abort();
  return refuse(context, step, reply);
}

sfsistat Connection::react(SMFICTX* context, Step step, const Reaction& reaction) {
  if (reaction.kind != Reaction::Kind::refuse) return go_on(step);
  return refuse(context, step, reaction.reply.value_or(internal_error()));
}

sfsistat Connection::finish(SMFICTX* context, const Reaction& reaction) {
  switch (reaction.kind) {
    case Reaction::Kind::refuse:
      return refuse(context, Step::end_of_message, reaction.reply.value_or(internal_error()));
    case Reaction::Kind::discard: return SMFIS_DISCARD;
    case Reaction::Kind::go_on:
    case Reaction::Kind::accept:
    case Reaction::Kind::quarantine: break;
  }
  const Applied applied = apply(context, terms_, reaction.edits, gate_.fault);
  if (!applied.unsound.empty()) {
    gate_.services.counters.get("milter.edits.unsound").add(static_cast<std::int64_t>(applied.unsound.size()));
    gate_.services.log.write(
        Event{"fault", LogLevel::error, {}}.add("part", std::string("edits")).add("fields", applied.unsound));
  }
  if (applied.not_offered > 0)
    gate_.services.counters.get("milter.edits.not_offered").add(static_cast<std::int64_t>(applied.not_offered));
  const bool held = reaction.kind != Reaction::Kind::quarantine || quarantine(context, reaction.reason);
  if ((!applied.complete || !held) &&
      !gate_.test.without("edit-check")) {  // FAULTS T15: half an edited message is refused
    gate_.services.counters.get("milter.edits.failed").add();
    return speak(context, internal_error());
  }
  return SMFIS_CONTINUE;  // not ACCEPT: Postfix would let later messages of the connection pass (FAULTS T3)
}

// Why the engine is not asked at this step. What has been refused once stays refused until the message is over.
std::optional<Reply> Connection::obstacle(const Admission::Callback& ticket) const {
  if (barred_) return barred_;
  if (held_) return held_;
  if (!session_) return internal_error();
  if (!ticket.welcome()) return busy();
  return std::nullopt;
}

void Connection::note_queue_id(SMFICTX* context) {
  const std::string id = symbol(context, "i");
  if (!id.empty()) session_->queue_id(id);
}

std::string Connection::symbol(SMFICTX* context, const char* name) const {
  return bounded(smfi_getsymval(context, const_cast<char*>(name)));
}

std::string Connection::bounded(const char* text) const {
  if (text == nullptr) return {};
  const std::size_t size = strnlen(text, kMaxTextBytes + 1);
  if (size <= kMaxTextBytes) return {text, size};
  gate_.services.counters.get("milter.cut_texts").add();
  return {text, kMaxTextBytes};
}

void Connection::send_progress() {
  if (at_end_ == nullptr) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  smfi_progress(at_end_);
}

}  // namespace postern
