#include "policy/accounts/callout/probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/accounts/callout/invented.h"
#include "policy/accounts/callout/reading.h"
#include "policy/base/text.h"
#include "policy/mail/smtp_client.h"

namespace postern::callout {

namespace {

using smtp::Outcome;

// What one host came to; `next`: another one may do better.
struct Attempt {
  ProbeResult result;
  bool next = false;
};

ProbeResult unknown(Cause cause, std::string reason, bool of_domain) {
  ProbeResult result;
  result.cause = cause;
  result.reason = std::move(reason);
  result.of_domain = of_domain;
  return result;
}

class Dialogue {
 public:
  Dialogue(const ProbeOrder& order, const Target& target, smtp::Client& client, const ProbeTools& tools)
      : order_(order),
        target_(target),
        client_(client),
        tools_(tools),
        said_(fmt::format("{} {}", order.recipient.text(), order.hostname)) {}

  Attempt run() {
    Attempt attempt = speak();
    attempt.result.host = target_.address;
    return attempt;
  }

 private:
  Attempt speak() {
    if (const auto end = stops(Stage::greeting, client_.greeting())) return *end;
    if (const auto end = stops(Stage::hello, client_.hello(order_.hostname))) return *end;
    if (tools_.tls != nullptr && client_.offers("STARTTLS") && !tools_.governor.avoids_tls(target_.address)) {
      const Outcome tls = client_.start_tls(*tools_.tls, target_.host);
      if (!tls.is_reply()) {
        const bool handshake = tls.kind == Outcome::Kind::failed || tls.kind == Outcome::Kind::closed;
        if (handshake) tools_.governor.note_tls_failed(target_.address);  // local: the next goes without, as MTAs do
        return without_reply("STARTTLS", tls);
      }
      if (client_.is_tls()) {  // RFC 3207 4.2; a server that offers and then refuses it is spoken to as it is
        if (const auto end = stops(Stage::hello, client_.hello(order_.hostname))) return *end;
      }
    }
    const bool utf8 = smtp::needs_utf8(order_.recipient) || (order_.sender && smtp::needs_utf8(*order_.sender));
    if (const auto end = stops(Stage::mail, client_.mail(order_.sender, utf8))) return *end;
    return ask();
  }

  // The recipient, and where it is taken an invented one.
  Attempt ask() {
    const Outcome answer = client_.rcpt(order_.recipient);
    if (!answer.is_reply()) return without_reply("RCPT", answer);
    ProbeResult result = unknown(Cause::unclear, told("RCPT", answer), false);
    result.opts_out = order_.heeds && asks_not_to_probe(Stage::recipient, answer.reply, said_);
    switch (meaning_of(Stage::recipient, answer.reply, said_)) {
      case Meaning::accepted:
        result.kind = Kind::exists;
        result.cause = Cause::reply;
        if (order_.invents && !invented_is_refused(result)) return {result, false};  // the connection is gone
        break;
      case Meaning::missing:
        result.kind = Kind::missing;
        result.cause = Cause::reply;
        break;
      case Meaning::refused:
        result.cause = Cause::refused_us;
        result.of_domain = true;
        break;
      case Meaning::temporary: result.cause = Cause::temporary; break;
      case Meaning::unclear: break;
    }
    if (client_.reset().is_reply()) client_.quit();
    return {result, false};
  }

  // False when the host has hung up over it.
  bool invented_is_refused(ProbeResult& result) {
    Mailbox nobody = order_.recipient;
    nobody.local = invented_local_part();
    const Outcome answer = client_.rcpt(nobody);
    if (!answer.is_reply()) {
      result.reason += "; accept-all not ruled out";
      return false;
    }
    switch (meaning_of(Stage::recipient, answer.reply, said_)) {
      case Meaning::accepted:
        result.accepts_all = true;
        result.kind = Kind::accept_all;
        result.reason = fmt::format("an invented mailbox is taken too: {}", answer.reply.printable_text());
        break;
      case Meaning::missing: result.accepts_all = false; break;
      case Meaning::refused:
      case Meaning::temporary:
      case Meaning::unclear: result.reason += "; accept-all not ruled out"; break;  // one recipient may be all it takes
    }
    return true;
  }

  // Where the reply does not let the dialogue go on.
  std::optional<Attempt> stops(Stage stage, const Outcome& outcome) {
    if (!outcome.is_reply()) return without_reply(name(stage), outcome);
    const Meaning meaning = meaning_of(stage, outcome.reply, said_);
    const bool opts_out = order_.heeds && asks_not_to_probe(stage, outcome.reply, said_);
    if (meaning == Meaning::accepted && !opts_out) return std::nullopt;
    client_.quit();
    Cause cause = Cause::unclear;
    if (opts_out)
      cause = Cause::opted_out;
    else if (meaning == Meaning::refused)
      cause = Cause::refused_us;
    else if (meaning == Meaning::temporary)
      cause = Cause::temporary;
    Attempt attempt{unknown(cause, told(name(stage), outcome), true), false};
    attempt.next = meaning == Meaning::temporary && !opts_out && stage != Stage::mail;
    attempt.result.opts_out = opts_out;
    return attempt;
  }

  Attempt without_reply(std::string_view command, const Outcome& outcome) {
    const std::string reason = told(command, outcome);
    switch (outcome.kind) {
      case Outcome::Kind::broken: return {unknown(Cause::unclear, reason, false), false};
      case Outcome::Kind::refused:  // by our own client: the dialogue is still in step
        client_.quit();
        return {unknown(Cause::unclear, reason, false), false};
      case Outcome::Kind::reply:
      case Outcome::Kind::timed_out:
      case Outcome::Kind::closed:
      case Outcome::Kind::failed:
      case Outcome::Kind::interrupted: break;
    }
    return {unknown(Cause::unreachable, reason, true), true};
  }

  std::string told(std::string_view command, const Outcome& outcome) const {
    return fmt::format("{} [{}] {}: {}", printable(target_.host, 80), target_.address.text(), command,
                       outcome.is_reply() ? outcome.reply.printable_text() : outcome.problem);
  }

  const ProbeOrder& order_;
  const Target& target_;
  smtp::Client& client_;
  const ProbeTools& tools_;
  const std::string said_;
};

Attempt attempt(const ProbeOrder& order, const Target& target, const ProbeTools& tools, SteadyTime until) {
  const SteadyTime connect_until = std::min(until, std::chrono::steady_clock::now() + order.times.connect);
  Connection connection = tools.dial(target, connect_until, &tools.interrupt);
  if (!connection.stream) {
    return {unknown(Cause::unreachable,
                    fmt::format("{} [{}]: {}", printable(target.host, 80), target.address.text(), connection.problem),
                    true),
            true};
  }
  smtp::Client client(std::move(connection.stream), {.command = order.times.command, .until = until});
  return Dialogue(order, target, client, tools).run();
}

ProbeResult without_permit(const Target& target, Governor::Refusal refusal) {
  const Cause cause = refusal == Governor::Refusal::busy ? Cause::busy : Cause::limit;
  return unknown(cause, fmt::format("{}: {}", target.address.text(), name(refusal)), false);
}

}  // namespace

std::shared_ptr<const TlsContext> opportunistic_tls() {
  auto context = TlsContext::client({.verify = false, .ca_file = {}});
  return context ? *context : nullptr;
}

ProbeResult probe(const ProbeOrder& order, const ProbeTools& tools, SteadyTime until) {
  ProbeResult result = unknown(Cause::limit, "no host to ask", false);
  std::size_t tried = 0;
  for (const bool waits : {false, true}) {  // for a busy host only where no other one may be asked at once
    for (const Target& target : order.targets) {
      const SteadyTime now = std::chrono::steady_clock::now();
      if (tried == order.most_hosts || now >= until || tools.interrupt.raised()) return result;
      const Governor::Admission admission = tools.governor.admit(target.address, waits ? until : now);
      if (!admission.permit) {
        if (tried == 0) result = without_permit(target, admission.refusal);  // else another host's answer says more
        continue;
      }
      ++tried;
      Attempt made = attempt(order, target, tools, until);
      result = std::move(made.result);
      if (!made.next) return result;
    }
    if (tried > 0) break;
  }
  return result;
}

}  // namespace postern::callout
