#include "tests/session/dialogue.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace postern::session {

namespace {

using Kind = Event::Kind;
using Moment = SMFICTX::Moment;

sockaddr_storage socket_address(const char* text) {
  sockaddr_storage storage{};
  sockaddr_in in{};
  sockaddr_in6 in6{};
  if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    in.sin_port = htons(4711);
    std::memcpy(&storage, &in, sizeof in);
  } else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(4711);
    std::memcpy(&storage, &in6, sizeof in6);
  }
  return storage;
}

unsigned long no_reply_flag(Kind kind) {
  switch (kind) {
    case Kind::connect: return SMFIP_NR_CONN;
    case Kind::helo: return SMFIP_NR_HELO;
    case Kind::mail: return SMFIP_NR_MAIL;
    case Kind::rcpt: return SMFIP_NR_RCPT;
    case Kind::data: return SMFIP_NR_DATA;
    case Kind::header: return SMFIP_NR_HDR;
    case Kind::end_of_headers: return SMFIP_NR_EOH;
    case Kind::body: return SMFIP_NR_BODY;
    case Kind::negotiate:
    case Kind::end_of_message:
    case Kind::abort:
    case Kind::close: return 0;
  }
  return 0;
}

// What libmilter takes from a callback of this kind, less what we never say (FAULTS T3, T5).
bool may_answer(Kind kind, sfsistat verdict, unsigned long steps) {
  if ((steps & no_reply_flag(kind)) != 0) return verdict == SMFIS_NOREPLY;
  switch (verdict) {
    case SMFIS_CONTINUE: return true;
    case SMFIS_REJECT: return kind != Kind::connect && kind != Kind::helo && kind != Kind::abort && kind != Kind::close;
    case SMFIS_TEMPFAIL:
      return kind != Kind::negotiate && kind != Kind::connect && kind != Kind::helo && kind != Kind::abort &&
             kind != Kind::close;
    case SMFIS_DISCARD: return kind == Kind::end_of_message;
    case SMFIS_SKIP: return kind == Kind::body && (steps & SMFIP_SKIP) != 0;
    default: return false;
  }
}

// Without the values that nobody foretells.
std::string outline(const std::string& change) {
  if (change.starts_with("quarantine")) return "quarantine";
  return change.starts_with("insert") ? change.substr(0, change.find(':')) : change;
}

char* plain(const char* text) { return const_cast<char*>(text); }

}  // namespace

Dialogue::~Dialogue() {
  if (context_.priv != nullptr) test::registered_callbacks().xxfi_close(&context_);
}

Told Dialogue::say(const Event& event) {
  broken_.clear();
  if (event.kind == Kind::abort && tampering_ == Tampering::abort_is_lost) return {};
  if (event.kind == Kind::close && tampering_ == Tampering::close_is_lost) return {};
  context_.moment = event.kind == Kind::negotiate        ? Moment::negotiation
                    : event.kind == Kind::end_of_message ? Moment::end_of_message
                                                         : Moment::step;
  context_.edits_until_failure = edits_until_failure_;
  Told told;
  told.verdict = call(event);
  context_.moment = Moment::none;
  if (tampering_ == Tampering::verdict_is_accept && event.kind == Kind::end_of_message) told.verdict = SMFIS_ACCEPT;
  if (tampering_ == Tampering::reply_is_lost) context_.reply.reset();
  if (tampering_ == Tampering::first_reply_stays && context_.reply) {
    if (!first_reply_) first_reply_ = context_.reply;
    context_.reply = first_reply_;
  }
  // libmilter sends the text that is set with the first verdict of its class.
  if (context_.reply && ((told.verdict == SMFIS_TEMPFAIL && context_.reply->code[0] == '4') ||
                         (told.verdict == SMFIS_REJECT && context_.reply->code[0] == '5'))) {
    told.reply = context_.reply->code + " " + context_.reply->status;
    context_.reply.reset();
  }
  for (const std::string& change : context_.changes) told.changes.push_back(outline(change));
  hold_to_law(event.kind, told, context_.reply.has_value());
  context_.changes.clear();
  context_.wrongs.clear();
  if (event.kind == Kind::close) steps_ = context_.actions = 0;
  return told;
}

sfsistat Dialogue::call(const Event& event) {
  const smfiDesc& callbacks = test::registered_callbacks();
  switch (event.kind) {
    case Kind::negotiate: {
      const OfferWord& offer = kOffers[event.word];
      unsigned long actions = 0, steps = 0, unused2 = 0, unused3 = 0;
      const sfsistat verdict =
          callbacks.xxfi_negotiate(&context_, offer.actions, offer.steps, 0, 0, &actions, &steps, &unused2, &unused3);
      if ((actions & ~offer.actions) != 0 || (steps & ~offer.steps) != 0)
        broken_.emplace_back("asks for what was not offered");
      context_.actions = actions;
      steps_ = steps;
      return verdict;
    }
    case Kind::connect: {
      const ClientWord& client = kClients[event.word];
      context_.macros = {{"{daemon_name}", client.listener}, {"{daemon_port}", client.address == nullptr ? "0" : "25"}};
      sockaddr_storage address = socket_address(client.address == nullptr ? "" : client.address);
      return callbacks.xxfi_connect(&context_, plain(client.host),
                                    client.address == nullptr ? nullptr : reinterpret_cast<sockaddr*>(&address));
    }
    case Kind::helo: return callbacks.xxfi_helo(&context_, plain(kHelos[event.word]));
    case Kind::mail: {
      const SenderWord& sender = kSenders[event.word];
      context_.macros = {{"{auth_authen}", sender.login}};
      char* arguments[] = {plain(sender.path), plain("SIZE=1000"), nullptr};
      return callbacks.xxfi_envfrom(&context_, arguments);
    }
    case Kind::rcpt: {
      const RecipientWord& recipient = kRecipients[event.word];
      context_.macros = {{"{rcpt_mailer}", recipient.by_mta ? "error" : "smtp"}};
      char* arguments[] = {plain(recipient.path), nullptr};
      return callbacks.xxfi_envrcpt(&context_, arguments);
    }
    case Kind::data: context_.macros = {{"i", "4QxYz1"}}; return callbacks.xxfi_data(&context_);
    case Kind::header: {
      const HeaderWord& header = kHeaders[event.word];
      static const std::string large(64 * 1024, 'x');
      return callbacks.xxfi_header(&context_, plain(header.name),
                                   plain(header.value == nullptr ? large.c_str() : header.value));
    }
    case Kind::end_of_headers: return callbacks.xxfi_eoh(&context_);
    case Kind::body: {
      static const std::string bytes(30'000, 'b');
      return callbacks.xxfi_body(&context_, reinterpret_cast<unsigned char*>(plain(bytes.data())), kBodies[event.word]);
    }
    case Kind::end_of_message: return callbacks.xxfi_eom(&context_);
    case Kind::abort: return callbacks.xxfi_abort(&context_);
    case Kind::close: return callbacks.xxfi_close(&context_);
  }
  return SMFIS_CONTINUE;
}

void Dialogue::hold_to_law(Kind kind, const Told& told, bool reply_stays) {
  broken_.insert(broken_.end(), context_.wrongs.begin(), context_.wrongs.end());
  if (!may_answer(kind, told.verdict, steps_)) broken_.push_back("no answer to " + std::string(name(kind)));
  const bool refuses = kind != Kind::negotiate && (told.verdict == SMFIS_REJECT || told.verdict == SMFIS_TEMPFAIL);
  const bool knows_terms = context_.priv != nullptr;
  if (refuses && knows_terms && told.reply.empty()) broken_.emplace_back("a refusal without a reply of its class");
  if (reply_stays) broken_.emplace_back("a reply that is not used: the next refusal would speak it");
  if (!told.changes.empty() && kind != Kind::end_of_message) broken_.emplace_back("an edit before end-of-message");
  if (told.verdict == SMFIS_DISCARD && !told.changes.empty()) broken_.emplace_back("an edit of what is dropped");
}

}  // namespace postern::session
