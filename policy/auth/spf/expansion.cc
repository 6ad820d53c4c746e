// What macros stand for in an evaluation (RFC 7208 7), and what can be announced of it.

#include <fmt/format.h>

#include <algorithm>

#include "policy/auth/spf/evaluation.h"
#include "policy/base/text.h"

namespace postern::spf {

namespace {

constexpr std::size_t kMostExplanationBytes = 400;  // local: fits in a line of an SMTP reply (RFC 5321 4.5.3.1.5)

constexpr std::size_t kMostValueBytes = 512;  // local: twice a path (RFC 5321 4.5.3.1.3)

// What a stranger says for a macro; a term with more of it matches nothing. Neither does one with bytes beyond ASCII
// (RFC 8616 4).
std::optional<std::string> usable(std::string text) {
  if (text.size() > kMostValueBytes || !is_ascii(text)) return std::nullopt;
  return text;
}

// RFC 7208 7.3: dotted quad, or the nibbles of an IPv6 address with dots between.
std::string dotted(const IpAddress& client) {
  if (client.is_v4()) return client.text();
  std::string out;
  for (const std::uint8_t byte : client.bytes())
    out += fmt::format("{}{:X}.{:X}", out.empty() ? "" : ".", byte >> 4, byte & 15);
  return out;
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

Evaluation::Match Evaluation::find_target(const std::optional<MacroString>& spec, const Domain& domain,
                                          std::optional<Domain>& target) {
  if (!spec) {
    target = domain;
    return Match::yes;
  }
  if (spec->uses('p')) {
    // RFC 7208 4.6.4: the macro's PTR counts as well as the term itself.
    if (!client_names_ && count_lookup() == Match::stop) return Match::stop;
    if (find_client_names() == Match::stop) return Match::stop;
  }
  const auto expanded = expand(*spec, domain);
  target = expanded ? target_name(*expanded) : std::nullopt;
  return target ? Match::yes : Match::no;
}

Evaluation::Match Evaluation::find_client_names() {
  if (!client_names_) {
    client_names_ = find_names(query_.client, options_.names, dns_, deadline_);
    if (client_names_->is_void && count_void(reverse_question(query_.client)) == Match::stop) return Match::stop;
  }
  if (!client_names_->late) return client_names_->names.empty() ? Match::no : Match::yes;
  return stop(Status::temperror, fmt::format("{}: its names are not known yet", query_.client.text()));
}

std::optional<std::string> Evaluation::expand(const MacroString& text, const Domain& domain) {
  return text.expand([&](char letter) { return value_of(letter, domain); });
}

std::optional<std::string> Evaluation::value_of(char letter, const Domain& domain) {  // RFC 7208 7.2
  switch (letter) {
    case 's': return usable(sender_.local_part + "@" + sender_.domain);
    case 'l': return usable(sender_.local_part);
    case 'o': return sender_.domain;
    case 'd': return domain.text();
    case 'i': return dotted(query_.client);
    case 'p': return name_of_client(domain);
    case 'v': return query_.client.is_v4() ? "in-addr" : "ip6";
    case 'h': return usable(sender_.helo);
    case 'c': return query_.client.text();
    case 'r': return query_.receiver.empty() ? "unknown" : query_.receiver;
    case 't': return fmt::format("{}", query_.unix_time);
  }
  return std::nullopt;
}

// RFC 7208 7.3: the domain itself, else one below it, else any.
std::string Evaluation::name_of_client(const Domain& domain) const {
  if (!client_names_ || client_names_->names.empty()) return "unknown";
  const auto& names = client_names_->names;
  if (std::find(names.begin(), names.end(), domain) != names.end()) return domain.text();
  const auto below =
      std::find_if(names.begin(), names.end(), [&](const Domain& name) { return name.is_within(domain); });
  return (below != names.end() ? *below : names.front()).text();
}

std::string Evaluation::explain(const Verdict& fail) {  // RFC 7208 6.2: whatever goes wrong, there is none
  if (!fail.explanation || !fail.domain) return {};
  explaining_ = true;
  std::optional<Domain> target;
  if (find_target(fail.explanation, *fail.domain, target) != Match::yes) return {};
  const dns::AnswerPtr answer = dns_.query({*target, dns::Type::txt}, deadline_);
  if (answer->status != dns::Status::ok || answer->texts.size() != 1) return {};
  const auto text = MacroString::parse_explanation(answer->texts.front());
  if (!text) return {};
  if (text->uses('p')) find_client_names();
  const auto explanation = expand(*text, *fail.domain);
  if (!explanation || !is_printable_ascii(*explanation)) return {};
  return explanation->substr(0, kMostExplanationBytes);
}

void Evaluation::announce(const Record& record, const Domain& domain) {
  int left = options_.lookups - std::max(lookups_, announced_);
  const auto say = [&](const std::optional<dns::Question>& question) {
    --left;
    if (!question) return;
    ++announced_;
    dns_.prefetch(*question);
  };
  for (const Mechanism& mechanism : record.mechanisms) {
    if (left <= 0) return;
    switch (mechanism.type) {
      case MechanismType::all: return;  // nothing behind it is looked at
      case MechanismType::ip4:
      case MechanismType::ip6:
        if (mechanism.network && mechanism.network->contains(query_.client)) return;
        break;
      case MechanismType::include:
      case MechanismType::a:
      case MechanismType::mx:
      case MechanismType::ptr:
      case MechanismType::exists: say(question_of(mechanism, domain)); break;
    }
  }
  if (left <= 0 || !record.redirect || record.redirect->uses('p')) return;
  const auto expanded = expand(*record.redirect, domain);
  const auto target = expanded ? target_name(*expanded) : std::nullopt;
  if (target) say(dns::Question{*target, dns::Type::txt});
}

std::optional<dns::Question> Evaluation::question_of(const Mechanism& mechanism, const Domain& domain) {
  if (mechanism.type == MechanismType::ptr) return reverse_question(query_.client);
  std::optional<Domain> target = domain;
  if (mechanism.target) {
    if (mechanism.target->uses('p')) return std::nullopt;  // known only once the client's names are
    const auto expanded = expand(*mechanism.target, domain);
    target = expanded ? target_name(*expanded) : std::nullopt;
  }
  if (!target) return std::nullopt;
  switch (mechanism.type) {
    case MechanismType::include: return dns::Question{*target, dns::Type::txt};
    case MechanismType::a: return dns::Question{*target, address_type()};
    case MechanismType::mx: return dns::Question{*target, dns::Type::mx};
    case MechanismType::exists: return dns::Question{*target, dns::Type::a};
    case MechanismType::all:
    case MechanismType::ptr:
    case MechanismType::ip4:
    case MechanismType::ip6: break;
  }
  return std::nullopt;
}

}  // namespace postern::spf
