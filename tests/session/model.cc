#include "tests/session/model.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "policy/base/text.h"

namespace postern::session {

namespace {

const std::string kInternalError = "451 4.3.0";
const std::string kNoMessage = "451 4.3.0";
const std::string kBusy = "451 4.3.2";
const std::string kGoingDown = "421 4.3.2";
const std::string kMisfit = "451 4.3.5";
constexpr std::size_t kMaxFieldBytes = 64 * 1024;  // FAULTS T9

Direction direction_of(const ClientWord& client, const SenderWord& sender) {
  if (client.address == nullptr) return Direction::local;
  if (sender.login[0] != '\0' || std::string_view(client.listener) == "submission") return Direction::submission;
  return std::string_view(client.address).starts_with("10.") ? Direction::relay : Direction::inbound;
}

std::uint64_t bytes_of(const HeaderWord& word) {
  const std::size_t value = word.value == nullptr ? kMaxFieldBytes : std::strlen(word.value);
  return std::strlen(word.name) + 1 + value + 2;
}

// LANGUAGE 2: inbound retry, else whole; local mail is never split.
bool splits(const TestPolicy& policy, Direction direction) {
  return direction == Direction::inbound && policy.split.empty();
}

bool same_end(const Judgement& a, const Judgement& b) {
  return a.action == b.action && a.rule == b.rule && a.reply.substr(0, 3) == b.reply.substr(0, 3);
}

// LANGUAGE 6: refuse all, with a 4xx when one of the refusals is one; else hold what one recipient's copy was held or
// dropped for.
Judgement whole(const std::vector<Judgement>& all) {
  const Judgement* chosen = nullptr;
  for (const Judgement& one : all) {
    if (!one.refuses()) continue;
    if (chosen == nullptr || (one.reply[0] == '4' && chosen->reply[0] == '5')) chosen = &one;
  }
  if (chosen != nullptr) return *chosen;
  Judgement held = *std::find_if(all.begin(), all.end(), [](const Judgement& j) { return j.action != "accept"; });
  held.action = "quarantine";
  return held;
}

}  // namespace

std::string Weather::text() const {
  std::string out;
  if (no_sessions) out += " no-sessions";
  if (no_callbacks) out += " no-callbacks";
  if (draining) out += " draining";
  if (!failing_step.empty()) out += " failing:" + failing_step;
  if (edits_until_failure >= 0) out += " edits-fail-after:" + std::to_string(edits_until_failure);
  return out.empty() ? "fair" : out.substr(1);
}

std::string Told::text() const {
  constexpr std::array<std::string_view, 12> kVerdicts{"continue", "reject",  "discard", "accept", "tempfail", "5",
                                                       "6",        "noreply", "skip",    "9",      "all-opts", "11"};
  std::string out(kVerdicts[static_cast<std::size_t>(verdict) % kVerdicts.size()]);
  if (!reply.empty()) out += " " + reply;
  for (const std::string& change : changes) out += " | " + change;
  for (const std::string& decision : decisions) out += " => " + decision;
  return out;
}

Told Model::expect(const Event& event, const TestPolicy& in_force) {
  told_ = {};
  switch (event.kind) {
    case Event::Kind::negotiate: negotiate_with(kOffers[event.word], in_force); break;
    case Event::Kind::connect: step(Step::connect, event, in_force); break;
    case Event::Kind::helo: step(Step::helo, event, in_force); break;
    case Event::Kind::mail: step(Step::mail, event, in_force); break;
    case Event::Kind::rcpt: step(Step::rcpt, event, in_force); break;
    case Event::Kind::data: step(Step::data, event, in_force); break;
    case Event::Kind::header: step(Step::header, event, in_force); break;
    case Event::Kind::end_of_headers: step(Step::end_of_headers, event, in_force); break;
    case Event::Kind::body: step(Step::body, event, in_force); break;
    case Event::Kind::end_of_message: step(Step::end_of_message, event, in_force); break;
    case Event::Kind::abort:
      if (connection_) connection_->held.clear();
      drop();
      break;
    case Event::Kind::close: close(); break;
  }
  return std::move(told_);
}

void Model::step(Step step, const Event& event, const TestPolicy& in_force) {
  if (!connection_) {  // nothing is known of what was agreed on
    const bool may_refuse = step == Step::mail || step == Step::rcpt || step == Step::data ||
                            step == Step::end_of_headers || step == Step::end_of_message;
    if (may_refuse) told_.verdict = SMFIS_TEMPFAIL;
    return;
  }
  if (weather_.failing_step == name(step)) return fail(step);
  switch (step) {
    case Step::connect: return connect(kClients[event.word]);
    case Step::helo: connection_->helo = kHelos[event.word] == nullptr ? "" : kHelos[event.word]; return go_on(step);
    case Step::mail: return mail(kSenders[event.word], in_force);
    case Step::rcpt: return rcpt(kRecipients[event.word]);
    case Step::data: return data();
    case Step::header: return header(kHeaders[event.word]);
    case Step::end_of_headers: return end_of_headers();
    case Step::body: return body(kBodies[event.word]);
    case Step::end_of_message: return end_of_message();
  }
}

void Model::go_on(Step step) { told_.verdict = connection_->terms.replies(step) ? SMFIS_CONTINUE : SMFIS_NOREPLY; }

// Spoken now, or at the next step that has a reply.
void Model::refuse(Step step, const std::string& reply) {
  if (step == Step::connect || step == Step::helo) return go_on(step);
  if (!connection_->terms.replies(step)) {
    connection_->held = reply;
    return go_on(step);
  }
  told_.verdict = reply[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
  told_.reply = reply;
}

void Model::give_up(Step step, const std::string& reply) {
  drop();
  refuse(step, reply);
}

std::string Model::obstacle() const {
  if (!connection_->barred.empty()) return connection_->barred;
  if (!connection_->held.empty()) return connection_->held;
  if (!connection_->session) return kInternalError;
  return weather_.no_callbacks ? kBusy : std::string();
}

void Model::fail(Step step) {
  if (step == Step::connect) connection_->barred = kInternalError;
  connection_->held = kInternalError;
  give_up(step, kInternalError);
}

// A transaction that comes to no verdict at its end.
void Model::drop() {
  if (!connection_ || message() == nullptr) return;
  const Message m = std::move(*message());
  connection_->session->message.reset();
  const auto taken =
      std::find_if(m.recipients.begin(), m.recipients.end(), [](const Recipient& r) { return r.taken(); });
  const auto refused =
      std::find_if(m.recipients.begin(), m.recipients.end(), [](const Recipient& r) { return r.refused.has_value(); });
  if (m.refused) return tell(*m.refused);
  if (taken == m.recipients.end() && refused != m.recipients.end()) return tell(*refused->refused);
  told_.decisions.emplace_back("aborted");
}

void Model::close() {
  drop();
  connection_.reset();
}

void Model::negotiate_with(const OfferWord& offer, const TestPolicy& in_force) {
  close();  // whatever was before
  if (weather_.failing_step == "negotiate") {
    told_.verdict = SMFIS_REJECT;
    return;
  }
  connection_ =
      Connection{.terms = negotiate(in_force.compiled->needs, {offer.actions, offer.steps}), .first = &in_force};
  if (!connection_->terms.refusal.empty()) connection_->barred = kMisfit;
  if (weather_.no_sessions) connection_->barred = kBusy;
}

void Model::connect(const ClientWord& client) {
  drop();
  connection_->session = Session{.policy = connection_->first, .client = &client};
  connection_->local = client.address == nullptr;
  go_on(Step::connect);
}

void Model::mail(const SenderWord& sender, const TestPolicy& in_force) {
  drop();
  connection_->held.clear();
  if (const std::string why = obstacle(); !why.empty()) return refuse(Step::mail, why);
  if (weather_.draining) return refuse(Step::mail, kGoingDown);
  Session& s = *connection_->session;
  if (can_adopt(connection_->terms, in_force.compiled->needs)) s.policy = &in_force;
  s.message = Message{.policy = s.policy,
                      .client = s.client,
                      .direction = direction_of(*s.client, sender),
                      .helo_bad = connection_->helo == kBadHelo,
                      .sender = &sender};
  Message& m = *s.message;
  if (!m.policy->at_sender || m.direction == Direction::local) return go_on(Step::mail);
  const Judgement j = judge(*m.policy, knowledge(m, Stage::sender, nullptr));
  if (!j.certain) return go_on(Step::mail);
  m.refused = j;
  refuse(Step::mail, j.reply);
}

void Model::rcpt(const RecipientWord& word) {
  Message* const m = message();
  const std::string why = obstacle();
  if (word.by_mta) {
    if (m != nullptr && connection_->barred.empty() && connection_->held.empty())
      m->recipients.push_back({&word, true});
    return go_on(Step::rcpt);
  }
  if (!why.empty()) {
    if (!connection_->local) return refuse(Step::rcpt, why);
    connection_->held = why;  // PLATFORM 3: a local submission refused at a recipient never leaves the queue
    return go_on(Step::rcpt);
  }
  if (m == nullptr) return go_on(Step::rcpt);
  m->recipients.push_back({&word});
  Recipient& r = m->recipients.back();
  if (m->refused) {
    r.refused = m->refused;
    return refuse(Step::rcpt, m->refused->reply);
  }
  if (m->direction == Direction::local) return go_on(Step::rcpt);
  const Judgement j = judge(*m->policy, knowledge(*m, Stage::recipient, &word));
  if (j.certain) {
    r.refused = j;
    if (!j.scoped) m->refused = j;
    return refuse(Step::rcpt, j.reply);
  }
  if (fits_profile(*m, r)) return go_on(Step::rcpt);
  r.refused = Judgement{.certain = true, .action = "defer", .reply = "452 4.5.3"};
  refuse(Step::rcpt, r.refused->reply);
}

void Model::data() {
  if (const std::string why = obstacle(); !why.empty()) return give_up(Step::data, why);
  Message* const m = message();
  if (m == nullptr || !m->refused) return go_on(Step::data);
  refuse(Step::data, m->refused->reply);
  if (m->policy->compiled->needs.reply_data) drop();
}

void Model::header(const HeaderWord& word) {
  go_on(Step::header);
  Message* const m = message();
  if (m == nullptr || m->refused || !connection_->barred.empty() || !connection_->held.empty()) return;
  m->bytes += bytes_of(word);
  if (bytes_of(word) > kMaxFieldBytes)
    m->over_cap = true;
  else
    m->headers.push_back(&word);
}

void Model::end_of_headers() {
  if (const std::string why = obstacle(); !why.empty()) return give_up(Step::end_of_headers, why);
  Message* const m = message();
  if (m == nullptr) return go_on(Step::end_of_headers);
  const bool reply = m->policy->compiled->needs.reply_headers;
  refuse_over_cap(*m);
  if (!m->refused && reply && m->direction != Direction::local) m->refused = refusal_for_all(*m);
  if (!m->refused) return go_on(Step::end_of_headers);
  refuse(Step::end_of_headers, m->refused->reply);
  if (reply) drop();
}

void Model::body(std::size_t bytes) {
  const bool skips = connection_->terms.may_skip_body();
  go_on(Step::body);
  if (!connection_->session || !connection_->barred.empty() || !connection_->held.empty()) {
    if (skips) told_.verdict = SMFIS_SKIP;
    return;
  }
  Message* const m = message();
  if (m != nullptr) m->bytes += bytes;
  if (skips && (m == nullptr || !m->policy->compiled->needs.body)) told_.verdict = SMFIS_SKIP;
}

void Model::end_of_message() {
  if (const std::string why = obstacle(); !why.empty()) return give_up(Step::end_of_message, why);
  if (message() == nullptr) return refuse(Step::end_of_message, kNoMessage);
  refuse_over_cap(*message());
  if (message()->refused) {
    const std::string reply = message()->refused->reply;
    return give_up(Step::end_of_message, reply);
  }
  const Message m = std::move(*message());
  connection_->session->message.reset();
  const Judgement j = conclude(m);
  tell(j);
  if (j.refuses()) return refuse(Step::end_of_message, j.reply);
  if (j.action == "discard")
    told_.verdict = SMFIS_DISCARD;
  else
    let_through(m, j);
}

Knowledge Model::knowledge(const Message& m, Stage stage, const RecipientWord* recipient) const {
  return {.stage = stage,
          .direction = m.direction,
          .client_bad = m.client->is_bad,
          .helo_bad = m.helo_bad,
          .sender = m.sender,
          .recipient = recipient,
          .spam = std::any_of(m.headers.begin(), m.headers.end(), [](const HeaderWord* h) { return h->is_spam; }),
          .bytes = m.bytes};
}

bool Model::fits_profile(const Message& m, const Recipient& recipient) const {
  if (!splits(*m.policy, m.direction)) return true;
  const auto first = std::find_if(m.recipients.begin(), m.recipients.end(),
                                  [&](const Recipient& r) { return &r != &recipient && r.taken(); });
  return first == m.recipients.end() || profile(*m.policy, knowledge(m, Stage::recipient, first->word)) ==
                                            profile(*m.policy, knowledge(m, Stage::recipient, recipient.word));
}

std::optional<Judgement> Model::refusal_for_all(const Message& m) const {
  std::optional<Judgement> softest;
  for (const Recipient& r : m.recipients) {
    if (!r.taken()) continue;
    Judgement j = judge(*m.policy, knowledge(m, Stage::headers, r.word));
    if (!j.certain) return std::nullopt;
    if (!softest || (j.reply[0] == '4' && softest->reply[0] == '5')) softest = std::move(j);
  }
  return softest;
}

Judgement Model::conclude(const Message& m) const {
  std::vector<Judgement> all;
  for (const Recipient& r : m.recipients) {
    if (r.taken()) all.push_back(judge(*m.policy, knowledge(m, Stage::end, r.word)));
  }
  if (all.empty()) return judge(*m.policy, knowledge(m, Stage::end, nullptr));
  Judgement one = all.front();
  const bool same = std::all_of(all.begin(), all.end(), [&](const Judgement& j) { return same_end(j, all.front()); });
  const bool all_refuse = std::all_of(all.begin(), all.end(), [](const Judgement& j) { return j.refuses(); });
  if (!same) {
    one = splits(*m.policy, m.direction) && !all_refuse
              ? Judgement{.certain = true, .action = "defer", .reply = "451 4.5.3"}
              : whole(all);
  }
  for (const Judgement& j : all) {
    for (const std::string& mark : j.marks) {
      if (std::find(one.marks.begin(), one.marks.end(), mark) == one.marks.end()) one.marks.push_back(mark);
    }
  }
  return one;
}

void Model::refuse_over_cap(Message& m) const {
  if (m.refused || !m.over_cap || m.policy->monitor()) return;
  m.refused = Judgement{.certain = true, .action = "reject", .reply = "552 5.3.4"};
}

void Model::tell(const Judgement& j) {
  std::string word = j.action;
  if (!j.reply.empty()) word += " " + j.reply;
  if (!j.rule.empty()) word += " by " + j.rule;
  told_.decisions.push_back(std::move(word));
}

// The edits: forged results go from the highest index down, then ours comes, then the rules' own; then the hold.
void Model::let_through(const Message& m, const Judgement& j) {
  const Terms& terms = connection_->terms;
  std::vector<std::string> wanted;
  if (m.policy->standing_edits && !m.policy->monitor()) {
    int index = 0;
    std::vector<std::string> deletions;
    for (const HeaderWord* const h : m.headers) {
      if (!ascii_iequals(h->name, "Authentication-Results")) continue;
      ++index;
      if (h->is_forged) deletions.push_back("delete Authentication-Results " + std::to_string(index));
    }
    const bool strange = m.direction == Direction::inbound || m.direction == Direction::submission;
    if (strange && (terms.actions & SMFIF_CHGHDRS) != 0) wanted.assign(deletions.rbegin(), deletions.rend());
    if (m.direction == Direction::inbound && (terms.actions & SMFIF_ADDHDRS) != 0)
      wanted.emplace_back("insert 0 Authentication-Results");
  }
  if ((terms.actions & SMFIF_ADDHDRS) != 0) {
    for (const std::string& mark : j.marks)
      wanted.push_back("add X-Mark:" + std::string(terms.leading_space() ? " " : "") + mark);
  }
  if (j.action == "quarantine") wanted.emplace_back("quarantine");
  const auto possible = static_cast<std::size_t>(weather_.edits_until_failure);
  if (weather_.edits_until_failure >= 0 && wanted.size() > possible) {
    told_.changes.assign(wanted.begin(), wanted.begin() + weather_.edits_until_failure);
    return refuse(Step::end_of_message, kInternalError);  // FAULTS T15: half an edited message is refused
  }
  told_.changes = std::move(wanted);
}

}  // namespace postern::session
