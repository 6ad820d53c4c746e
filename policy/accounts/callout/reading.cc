#include "policy/accounts/callout/reading.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/base/text.h"

namespace postern::callout {

namespace {

// RFC 3463 3.2: bad destination mailbox, system, mailbox syntax; has moved without forwarding; RFC 7505 4.1.
constexpr std::array<Detail, 5> kNoSuchMailbox{{{1, 1}, {1, 2}, {1, 3}, {1, 6}, {1, 10}}};

// local: what a 550 without an enhanced status says when it is about us, or about relaying.
constexpr std::array<std::string_view, 26> kAboutUs{
    "blocked",     "blacklist",  "blocklist", "block list",   "black list",   "spamhaus",    "dnsbl",
    "rbl",         "reputation", "your ip",   "your host",    "your address", "client host", "denied",
    "policy",      "spam",       "relay",     "reverse dns",  "ptr record",   "helo",        "ehlo",
    "authenticat", "sender",     "greylist",  "null reverse", "abuse"};

constexpr std::array<std::string_view, 9> kProbing{
    "callout",       "call-out",           "callback",     "call-back",    "probing",
    "backscatterer", "verification probe", "sender verif", "address verif"};
constexpr std::array<std::string_view, 17> kUnwelcome{
    "not allowed", "not permitted", "not accepted", "not welcome", "not supported", "prohibited", "abuse",
    "abusive",     "forbidden",     "blacklist",    "blocklist",   "banned",        "unwelcome",  "do not",
    "don't",       "stop",          "no "};

template <std::size_t N>
bool holds_any(const std::string& text, const std::array<std::string_view, N>& words, const std::string& said) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string::npos && said.find(word) == std::string::npos;
  });
}

Meaning of_recipient(const smtp::ServerReply& reply, std::string_view said) {
  if (reply.code == 250 || reply.code == 251) return Meaning::accepted;  // RFC 5321 4.3.2; 252 says that it cannot tell
  if (reply.transient()) return Meaning::temporary;
  if (!reply.permanent()) return Meaning::unclear;
  if (asks_not_to_probe(Stage::recipient, reply, said)) return Meaning::refused;
  const smtp::EnhancedStatus status = smtp::enhanced_status(reply);
  using Form = smtp::EnhancedStatus::Form;
  const bool is_one = status.form == Form::one;
  if (is_one && status.detail.subject == 7) return Meaning::refused;  // RFC 3463 3.8: security or policy
  if (reply.code == 521 || reply.code == 554 || reply.code / 10 == 53) return Meaning::refused;  // FAULTS T48
  if (reply.code != 550 && reply.code != 551 && reply.code != 553) return Meaning::unclear;
  if (is_one) {
    const bool is_missing =
        std::find(kNoSuchMailbox.begin(), kNoSuchMailbox.end(), status.detail) != kNoSuchMailbox.end();
    return is_missing ? Meaning::missing : Meaning::unclear;
  }
  if (status.form == Form::contradictory || reply.code != 550) return Meaning::unclear;
  const bool about_us = holds_any(ascii_lower(join(reply.lines, " ")), kAboutUs, ascii_lower(said));
  return about_us ? Meaning::refused : Meaning::missing;
}

}  // namespace

std::string_view name(Stage stage) {
  switch (stage) {
    case Stage::greeting: return "greeting";
    case Stage::hello: return "EHLO";
    case Stage::mail: return "MAIL";
    case Stage::recipient: return "RCPT";
  }
  return "";
}

std::string_view name(Meaning meaning) {
  switch (meaning) {
    case Meaning::accepted: return "accepted";
    case Meaning::missing: return "missing";
    case Meaning::refused: return "refused";
    case Meaning::temporary: return "temporary";
    case Meaning::unclear: return "unclear";
  }
  return "";
}

Meaning meaning_of(Stage stage, const smtp::ServerReply& reply, std::string_view said) {
  if (stage == Stage::recipient) return of_recipient(reply, said);
  if (reply.code == (stage == Stage::greeting ? 220 : 250)) return Meaning::accepted;
  if (reply.transient()) return Meaning::temporary;
  return reply.permanent() ? Meaning::refused : Meaning::unclear;
}

bool asks_not_to_probe(Stage stage, const smtp::ServerReply& reply, std::string_view said) {
  if (reply.code == 521) return true;  // RFC 7504 3: the host takes no mail
  if (stage != Stage::greeting && reply.positive()) return false;
  const std::string ours = ascii_lower(said);
  return std::any_of(reply.lines.begin(), reply.lines.end(), [&](const std::string& line) {
    const std::string text = ascii_lower(line);
    return holds_any(text, kProbing, ours) && holds_any(text, kUnwelcome, ours);
  });
}

}  // namespace postern::callout
