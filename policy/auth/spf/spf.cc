#include "policy/auth/spf/spf.h"

#include "policy/auth/spf/evaluation.h"
#include "policy/base/text.h"

namespace postern::spf {

namespace {

constexpr std::size_t kMostReasonBytes = 190;  // local: with its "..." within 200

// RFC 8616 4: A-labels, where it is a domain.
std::string domain_text(std::string_view text) {
  const auto domain = Domain::parse(text);
  return domain ? domain->text() : std::string(text);
}

// RFC 7208 2.3, 2.4, 4.3.
Sender sender_of(const Query& query) {
  Sender sender{.local_part = "postmaster", .domain = domain_text(query.helo), .helo = domain_text(query.helo)};
  if (query.identity == Identity::helo || query.mail_from.empty()) return sender;
  const std::size_t at = query.mail_from.rfind('@');
  if (at != std::string::npos && at != 0) sender.local_part = query.mail_from.substr(0, at);
  sender.domain = domain_text(std::string_view(query.mail_from).substr(at == std::string::npos ? 0 : at + 1));
  return sender;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::none: return "none";
    case Status::neutral: return "neutral";
    case Status::pass: return "pass";
    case Status::fail: return "fail";
    case Status::softfail: return "softfail";
    case Status::temperror: return "temperror";
    case Status::permerror: return "permerror";
  }
  return "";
}

std::string_view name(Identity identity) {
  switch (identity) {
    case Identity::mail_from: return "mailfrom";
    case Identity::helo: return "helo";
  }
  return "";
}

Result check(const Query& query, dns::Resolver& dns, const Deadline& deadline, const Options& options) {
  const Sender sender = sender_of(query);
  Result result;
  result.identity = query.identity;
  result.mechanism = "default";
  const auto domain = Domain::parse(sender.domain);
  if (!domain) {  // RFC 7208 4.3
    result.reason = printable(sender.domain.empty() ? "no domain" : sender.domain + " is no domain", kMostReasonBytes);
    return result;
  }
  result.domain = domain->text();
  Evaluation evaluation(query, sender, dns, deadline, options);
  const Verdict verdict = evaluation.check_host(*domain);
  result.status = verdict.status;
  result.mechanism = verdict.mechanism;
  result.reason = printable(verdict.reason, kMostReasonBytes);
  result.lookups = evaluation.lookups();
  result.capped = verdict.capped;
  if (options.explain && verdict.status == Status::fail) result.explanation = evaluation.explain(verdict);
  return result;
}

}  // namespace postern::spf
