#include "policy/rules/facts.h"

#include <algorithm>
#include <array>

namespace postern::rules {

namespace {

using enum FactType;

constexpr std::array<std::string_view, 4> kDirections{"local", "submission", "relay", "inbound"};
constexpr std::array<std::string_view, 7> kWeekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};
constexpr std::array<std::string_view, 5> kOrigins{"direct", "forward", "list", "auto-reply", "dsn"};
constexpr std::array<std::string_view, 2> kIdentities{"identity.sender", "identity.author"};
constexpr bool kLater = true;
constexpr bool kSeveral = true;

// clang-format off
constexpr FactDoc kFacts[] = {
    {"client.ip", ip, Stage::connect, Scope::message, false, false, {}, "address of the client; absent for mail of this machine"},
    {"client.name", text, Stage::connect, Scope::message, false, false, {}, "host name that the MTA verified; absent when it has none"},
    {"client.ptr", text, Stage::connect, Scope::message, false, false, {}, "name of the PTR record, unverified, where the MTA tells it"},
    {"client.net", text, Stage::connect, Scope::message, false, false, {}, "network of the client: /24 for IPv4, /64 for IPv6"},
    {"client.country", text, Stage::connect, Scope::message, false, false, {}, "ISO code of the client's country, as DE, by site.geo"},
    {"client.asn", number, Stage::connect, Scope::message, false, false, {}, "number of the client's autonomous system, by site.geo"},
    {"listener", text, Stage::connect, Scope::message, false, false, {}, "name of the MTA's listener, {daemon_name}"},
    {"direction", word, Stage::sender, Scope::message, false, false, kDirections, "which way the mail goes; settled at MAIL"},
    {"time.hour", number, Stage::connect, Scope::message, false, false, {}, "hour of the day where the server is, 0 to 23"},
    {"time.weekday", word, Stage::connect, Scope::message, false, false, kWeekdays, "day of the week where the server is"},
    {"helo", text, Stage::sender, Scope::message, false, false, {}, "name in HELO or EHLO; fixed at MAIL"},
    {"tls.version", text, Stage::sender, Scope::message, false, false, {}, "TLSv1.3; absent without TLS; fixed at MAIL"},
    {"tls.cipher", text, Stage::sender, Scope::message, false, false, {}, "name of the cipher; absent without TLS"},
    {"tls.subject", text, Stage::sender, Scope::message, false, false, {}, "subject of a verified client certificate"},
    {"authenticated", yes_no, Stage::sender, Scope::message, false, false, {}, "whether the client has logged in"},
    {"login", text, Stage::sender, Scope::message, false, false, {}, "the name it has logged in with"},
    {"sender", address, Stage::sender, Scope::message, false, false, {}, "address of MAIL; absent for the null reverse-path"},
    {"sender.local", text, Stage::sender, Scope::message, false, false, {}, "its part before the @"},
    {"sender.domain", domain, Stage::sender, Scope::message, false, false, {}, "its part behind the @"},
    {"size.declared", bytes, Stage::sender, Scope::message, false, false, {}, "SIZE= of MAIL"},
    {"account.", text, Stage::sender, Scope::message, false, kSeveral, {}, "a fact that a directory returns for the login", "identity.sender"},
    {"recipient", address, Stage::recipient, Scope::recipient, false, false, {}, "address of the RCPT at hand"},
    {"recipient.local", text, Stage::recipient, Scope::recipient, false, false, {}, "its part before the @"},
    {"recipient.domain", domain, Stage::recipient, Scope::recipient, false, false, {}, "its part behind the @"},
    {"recipient.provider", domain, Stage::recipient, Scope::recipient, kLater, false, {}, "who runs the recipient's mail hosts"},
    {"recipients", address, Stage::recipient, Scope::message, false, kSeveral, {}, "all recipients; settled at the end"},
    {"recipients.count", number, Stage::recipient, Scope::message, false, false, {}, "how many recipients; > N is true as soon as it is exceeded"},
    {"recipient.account.", text, Stage::recipient, Scope::recipient, false, kSeveral, {}, "a fact that a directory returns for the recipient", "recipient-account"},
    {"header.", text, Stage::headers, Scope::message, false, kSeveral, {}, "values of the header field of that name, unfolded"},
    {"from", address, Stage::headers, Scope::message, false, kSeveral, {}, "each address in From; one that cannot be read as it stands there"},
    {"from.name", text, Stage::headers, Scope::message, false, kSeveral, {}, "each display name in From, decoded"},
    {"from.domain", domain, Stage::headers, Scope::message, false, kSeveral, {}, "each domain in From; an address that cannot be read as it stands there"},
    {"reply-to", address, Stage::headers, Scope::message, false, kSeveral, {}, "the same of Reply-To"},
    {"reply-to.name", text, Stage::headers, Scope::message, false, kSeveral, {}, "the same of Reply-To"},
    {"reply-to.domain", domain, Stage::headers, Scope::message, false, kSeveral, {}, "the same of Reply-To"},
    {"subject", text, Stage::headers, Scope::message, kLater, false, {}, "Subject, decoded"},
    {"origin", word, Stage::headers, Scope::message, false, false, kOrigins, "what kind of mail it says it is"},
    {"origin.account", text, Stage::headers, Scope::message, false, false, {}, "who answers for it, by its own word: the forwarding mailbox, the list, else the sender"},
    {"repeated", text, Stage::headers, Scope::message, false, kSeveral, {}, "each header field that stands more than once, though only one may"},
    {"hops", number, Stage::headers, Scope::message, false, false, {}, "how many Received fields it has"},
    {"size", bytes, Stage::end, Scope::message, false, false, {}, "bytes of the message"},
    {"body", text, Stage::end, Scope::message, kLater, false, {}, "text of the message, decoded"},
    {"attachment", text, Stage::end, Scope::message, kLater, kSeveral, {}, "an attachment"},
    {"attachment.", text, Stage::end, Scope::message, kLater, kSeveral, {}, "name type size encrypted inside hash of an attachment"},
    {"part", text, Stage::end, Scope::message, kLater, kSeveral, {}, "a MIME part"},
    {"url", text, Stage::end, Scope::message, kLater, kSeveral, {}, "a link in the text"},
    {"url.", text, Stage::end, Scope::message, kLater, kSeveral, {}, "domain or text of a link"},
    {"spf.domain", domain, Stage::sender, Scope::message, false, false, {}, "the domain whose SPF record was asked for", "spf"},
    {"spf.helo", text, Stage::sender, Scope::message, false, false, {}, "result of SPF for the name in HELO, where checks.spf.helo says so", "spf"},
    {"spf.explanation", text, Stage::sender, Scope::message, false, false, {}, "the domain's words for a fail, where checks.spf.explain says so; anybody may have written them", "spf"},
    {"dkim.domain", domain, Stage::end, Scope::message, false, kSeveral, {}, "d= of each signature that passes", "dkim"},
    {"dkim.selector", text, Stage::end, Scope::message, false, kSeveral, {}, "s= of each signature that passes", "dkim"},
    {"dkim.capped", text, Stage::end, Scope::message, false, false, {}, "how many signatures were not looked at, where there are too many", "dkim"},
    {"arc.sealer", domain, Stage::end, Scope::message, false, kSeveral, {}, "d= of each seal of a chain that passes, the oldest first", "arc"},
    {"arc.instance", text, Stage::end, Scope::message, false, false, {}, "how many seals a chain that passes has", "arc"},
    {"arc.oldest-pass", text, Stage::end, Scope::message, false, false, {}, "the first seal since which the message is as it was; 0: since all", "arc"},
    {"arc.spf", text, Stage::end, Scope::message, false, kSeveral, {}, "result of SPF as the first sealer of a chain that passes tells it", "arc"},
    {"arc.dkim", text, Stage::end, Scope::message, false, kSeveral, {}, "the same of each DKIM signature", "arc"},
    {"arc.dmarc", text, Stage::end, Scope::message, false, kSeveral, {}, "the same of DMARC", "arc"},
    {"dmarc.domain", domain, Stage::end, Scope::message, false, false, {}, "the domain whose DMARC record applies", "dmarc"},
    {"dmarc.policy", text, Stage::end, Scope::message, false, false, {}, "what it asks for: none, quarantine or reject", "dmarc"},
    {"identity.address", address, Stage::headers, Scope::message, false, kSeveral, {}, "the address that the login may not use", "identity", kIdentities},
    {"tag", text, Stage::connect, Scope::message, false, kSeveral, {}, "tags that rules above have set"},
    {"score", number, Stage::connect, Scope::message, false, false, {}, "sum of the scores that rules above have given"},
};

// LANGUAGE 4, Checks.
constexpr std::string_view kChecks[] = {
    "antivirus", "arc", "author", "behaviour", "bounce", "dkim", "dmarc", "dnsbl.", "from-domain", "greylist", "helo-name",
    "identity", "identity.author", "identity.sender", "iprev", "limit.", "message-format", "patterns.", "preflight",
    "recipient-account", "sender-account", "sender-domain", "spf",
};

constexpr bool kFinal = true;
constexpr ActionDoc kActions[] = {
    {"reject", kFinal, false, "true | text | {code:, status:, text:}", "refuses for good (5xx)"},
    {"defer", kFinal, false, "true | text | {code:, status:, text:}", "refuses for now (4xx)"},
    {"bounce", kFinal, kLater, "true | text | {code:, status:, text:}", "takes the message and sends a notice"},
    {"quarantine", kFinal, false, "true | text", "lets the MTA hold the message"},
    {"discard", kFinal, false, "true | text", "takes the message and drops it"},
    {"accept", kFinal, false, "true", "ends the rules"},
    {"skip", false, false, "name | list of names", "adds \"and not this when\" to rules or groups below"},
    {"add_header", false, false, "{NAME: text}", "adds a header field"},
    {"set_header", false, kLater, "{NAME: text}", "sets a header field"},
    {"remove_header", false, kLater, "name", "removes header fields"},
    {"subject_prefix", false, kLater, "text", "puts a text before the subject"},
    {"add_recipient", false, kLater, "address", "adds a recipient"},
    {"remove_recipient", false, kLater, "address", "removes a recipient"},
    {"redirect", false, kLater, "address", "replaces all recipients"},
    {"remove_attachment", false, kLater, "true | text", "removes an attachment"},
    {"disclaimer", false, kLater, "text", "adds a text below the message"},
    {"tag", false, false, "name | list of names", "sets a tag for rules below"},
    {"score", false, false, "number", "adds to the score for rules below"},
    {"notify", false, false, "postmaster | recipient | login | address | list of these", "tells somebody, once an hour for a rule and whom it is about"},
    {"freeze", false, false, "duration", "freezes the account: it may not send until then, or until it is released"},
    {"log", false, false, "text", "writes a line into the log"},
};
// clang-format on

bool matches_name(std::string_view entry, std::string_view name) {
  return entry.ends_with('.') ? name.size() > entry.size() && name.starts_with(entry) : name == entry;
}

}  // namespace

std::string_view name(FactType type) {
  switch (type) {
    case text: return "text";
    case address: return "address";
    case domain: return "domain";
    case ip: return "ip";
    case number: return "number";
    case bytes: return "bytes";
    case yes_no: return "yes/no";
    case word: return "word";
  }
  return "";
}

std::span<const FactDoc> fact_table() { return kFacts; }

std::span<const LimitFact> limit_facts() {
  static constexpr LimitFact kLimitFacts[] = {
      {"used", "what has been used in the window that matters, open reservations among it"},
      {"allow", "what is allowed in it, as 500/24h"},
      {"remaining", "what is left of it"},
      {"next", "when there will be room again, as the server's time of day; now; never"},
      {"key", "whom it is counted for"},
  };
  return kLimitFacts;
}

const FactDoc* find_fact(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFacts), std::end(kFacts), [&](const FactDoc& f) { return matches_name(f.name, name); });
  return found == std::end(kFacts) ? nullptr : found;
}

std::span<const std::string_view> check_names() { return kChecks; }

bool is_check_name(std::string_view name) {
  return std::any_of(std::begin(kChecks), std::end(kChecks),
                     [&](std::string_view entry) { return matches_name(entry, name); });
}

std::span<const ActionDoc> action_table() { return kActions; }

const ActionDoc* find_action(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kActions), std::end(kActions), [&](const ActionDoc& a) { return a.name == name; });
  return found == std::end(kActions) ? nullptr : found;
}

}  // namespace postern::rules
