#include "policy/notices/mail_way.h"

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/mail/smtp_client.h"
#include "policy/notices/incident_mail.h"

namespace postern::notices {

namespace {

using Kind = Attempt::Kind;

constexpr std::size_t kMostAddressBytes = 254;  // RFC 5321 4.5.3.1.3

std::optional<Mailbox> mailbox(std::string_view text) {
  if (text.size() > kMostAddressBytes) return std::nullopt;
  return Path::parse(text).mailbox;
}

Attempt attempt_of(std::string_view step, const smtp::Outcome& outcome) {
  if (!outcome.is_reply()) {
    const bool never = outcome.kind == smtp::Outcome::Kind::refused;
    return {never ? Kind::refused : Kind::again, fmt::format("{}: {}", step, outcome.problem)};
  }
  const std::string text = outcome.reply.lines.empty() ? std::string() : printable(outcome.reply.lines.front(), 100);
  return {outcome.reply.permanent() ? Kind::refused : Kind::again,
          fmt::format("{}: {} {}", step, outcome.reply.code, text)};
}

}  // namespace

MailWay::MailWay(NotifyOptions::Mail options, const Interrupt& interrupt)
    : options_(std::move(options)), interrupt_(interrupt) {}

Attempt MailWay::tell(const Notice& notice, const std::string& addressee, SteadyTime until) {
  const auto to = mailbox(addressee);
  if (!to) return {Kind::refused, "no address"};
  const auto from = mailbox(options_.from);
  if (!from) return {Kind::refused, "the address that notices come from is none"};
  const auto server = IpAddress::parse(options_.server);
  if (!server) return {Kind::refused, "the server of notices is no address"};
  const std::string message = incident_mail(notice, {.from = *from, .to = *to, .hostname = options_.hostname});

  Connection connection = Stream::connect(*server, options_.port, until, &interrupt_);
  if (!connection.stream) return {Kind::again, "connect: " + connection.problem};
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  smtp::Client client(std::move(connection.stream), {.command = left, .until = until});
  if (const auto outcome = client.greeting(); !outcome.positive()) return attempt_of("greeting", outcome);
  const std::string name = options_.hostname.empty() ? "localhost" : options_.hostname;
  if (const auto outcome = client.hello(name); !outcome.positive()) return attempt_of("EHLO", outcome);
  const bool utf8 = smtp::needs_utf8(*from) || smtp::needs_utf8(*to);
  if (const auto outcome = client.mail(std::nullopt, utf8); !outcome.positive()) return attempt_of("MAIL", outcome);
  if (const auto outcome = client.rcpt(*to); !outcome.positive()) return attempt_of("RCPT", outcome);
  if (const auto outcome = client.data(message); !outcome.positive()) return attempt_of("DATA", outcome);
  client.quit();
  return {Kind::told, {}};
}

}  // namespace postern::notices
