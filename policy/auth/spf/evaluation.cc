#include "policy/auth/spf/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/base/text.h"

namespace postern::spf {

namespace {

constexpr int kMostDepth = 20;               // local: of includes, however many lookups are allowed
constexpr std::size_t kShownNameBytes = 80;  // local: of a stranger's name in a reason
constexpr std::size_t kShownTermBytes = 60;

std::string shown(const Domain& domain) { return printable(domain.text(), kShownNameBytes); }

bool is_unknown(const dns::Answer& answer) {
  return answer.status == dns::Status::tempfail || answer.status == dns::Status::bogus;
}

std::string trouble(const dns::Question& question, const dns::Answer& answer) {
  return fmt::format("{} {}: {}", shown(question.name), dns::name(question.type),
                     answer.problem.empty() ? dns::name(answer.status) : printable(answer.problem, 80));
}

}  // namespace

Verdict Evaluation::check_host(Domain domain) {
  for (bool redirected = false;; redirected = true) {
    const auto found = find_record(domain);
    if (const auto* none = std::get_if<Verdict>(&found)) {
      if (!redirected || none->status != Status::none) return *none;
      return {.status = Status::permerror, .reason = none->reason};  // RFC 7208 6.1
    }
    const auto& record = std::get<Record>(found);
    announce(record, domain);
    for (const Mechanism& mechanism : record.mechanisms) {
      const Match match = matches(mechanism, domain);
      if (match == Match::no) continue;
      const std::string term = printable(mechanism.text, kShownTermBytes);
      if (match == Match::stop) {
        stopped_.mechanism = term;
        return stopped_;
      }
      return {.status = mechanism.result,
              .mechanism = term,
              .reason = fmt::format("{} of {}", term, shown(domain)),
              .domain = domain,
              .explanation = record.explanation};
    }
    if (!record.redirect) {  // RFC 7208 4.7
      return {.status = Status::neutral, .reason = fmt::format("no mechanism of {} matches", shown(domain))};
    }
    std::optional<Domain> target;
    if (count_lookup() == Match::stop) return stopped_;
    switch (find_target(record.redirect, domain, target)) {
      case Match::stop: return stopped_;
      case Match::no:  // RFC 7208 6.1
        return {.status = Status::permerror, .reason = fmt::format("the redirect of {} leads nowhere", shown(domain))};
      case Match::yes: break;
    }
    domain = *target;
  }
}

std::variant<Record, Verdict> Evaluation::find_record(const Domain& domain) {
  const auto none = [&](Status status, std::string_view what) {
    return Verdict{.status = status, .reason = fmt::format("{} {}", shown(domain), what)};
  };
  if (domain.labels().size() < 2) return none(Status::none, "is no mail domain");  // RFC 7208 4.3
  const dns::Question question{domain, dns::Type::txt};
  const dns::AnswerPtr answer = dns_.query(question, deadline_);
  if (is_unknown(*answer)) return Verdict{.status = Status::temperror, .reason = trouble(question, *answer)};
  if (answer->status == dns::Status::nxdomain) return none(Status::none, "does not exist");  // RFC 7208 4.3
  const std::string* record = nullptr;
  for (const std::string& text : answer->texts) {
    if (!is_record(text)) continue;
    if (record != nullptr) return none(Status::permerror, "has more than one SPF record");  // RFC 7208 4.5
    record = &text;
  }
  if (record == nullptr) return none(Status::none, "has no SPF record");  // RFC 7208 4.5
  auto parsed = parse_record(*record);
  if (!parsed) return none(Status::permerror, fmt::format("has a bad record: {}", parsed.error().message));
  return std::move(parsed).value();
}

Evaluation::Match Evaluation::matches(const Mechanism& mechanism, const Domain& domain) {
  switch (mechanism.type) {
    case MechanismType::all: return Match::yes;
    case MechanismType::ip4:
    case MechanismType::ip6:
      return mechanism.network && mechanism.network->contains(query_.client) ? Match::yes : Match::no;
    case MechanismType::include:
    case MechanismType::a:
    case MechanismType::mx:
    case MechanismType::ptr:
    case MechanismType::exists: break;
  }
  if (count_lookup() == Match::stop) return Match::stop;
  std::optional<Domain> target;
  const Match named = find_target(mechanism.target, domain, target);
  if (named == Match::no && mechanism.type == MechanismType::include)
    return stop(Status::permerror, fmt::format("an include of {} leads nowhere", shown(domain)));  // RFC 7208 5.2, 4.3
  if (named != Match::yes) return named;  // RFC 7208 4.8 leaves it open: what DNS cannot have does not match
  switch (mechanism.type) {
    case MechanismType::include: return matches_include(*target);
    case MechanismType::a: return matches_address(mechanism, *target);
    case MechanismType::mx: return matches_mx(mechanism, *target);
    case MechanismType::ptr: return matches_ptr(*target);
    case MechanismType::exists: return matches_exists(*target);
    case MechanismType::all:
    case MechanismType::ip4:
    case MechanismType::ip6: break;
  }
  return Match::no;
}

Evaluation::Match Evaluation::matches_include(const Domain& target) {  // RFC 7208 5.2
  if (depth_ == kMostDepth) return stop(Status::permerror, "includes are nested too deeply", true);
  ++depth_;
  Verdict verdict = check_host(target);
  --depth_;
  switch (verdict.status) {
    case Status::pass: return Match::yes;
    case Status::fail:
    case Status::softfail:
    case Status::neutral: return Match::no;
    case Status::temperror:
    case Status::permerror: return stop(verdict.status, std::move(verdict.reason), verdict.capped);
    case Status::none: return stop(Status::permerror, std::move(verdict.reason));
  }
  return Match::no;
}

Evaluation::Match Evaluation::matches_address(const Mechanism& mechanism, const Domain& target) {  // RFC 7208 5.3
  dns::AnswerPtr answer;
  const Match found = ask({target, address_type()}, answer);
  if (found != Match::yes) return found;
  return holds_client(*answer, mechanism) ? Match::yes : Match::no;
}

Evaluation::Match Evaluation::matches_exists(const Domain& target) {  // RFC 7208 5.7: A, whatever the client has
  dns::AnswerPtr answer;
  return ask({target, dns::Type::a}, answer);
}

Evaluation::Match Evaluation::matches_mx(const Mechanism& mechanism, const Domain& target) {  // RFC 7208 5.4
  dns::AnswerPtr mx;
  const Match found = ask({target, dns::Type::mx}, mx);
  if (found != Match::yes) return found;
  // RFC 7208 4.6.4. local: at once, since the order of MX hosts that are preferred alike is a matter of chance.
  if (mx->mx.size() > static_cast<std::size_t>(std::max(options_.names, 0)))
    return stop(Status::permerror, fmt::format("{} has {} MX records", shown(target), mx->mx.size()), true);
  std::vector<dns::Question> questions;
  for (const dns::Mx& record : mx->mx) {
    if (const auto host = Domain::any_name(record.host)) questions.push_back({*host, address_type()});
  }
  for (const dns::Question& question : questions) dns_.prefetch(question);
  std::optional<std::string> problem;
  for (const dns::Question& question : questions) {
    const dns::AnswerPtr answer = dns_.query(question, deadline_);
    if (holds_client(*answer, mechanism)) return Match::yes;  // whatever another host would have
    if (is_unknown(*answer) && !problem) problem = trouble(question, *answer);
  }
  return problem ? stop(Status::temperror, *std::move(problem)) : Match::no;
}

Evaluation::Match Evaluation::matches_ptr(const Domain& target) {  // RFC 7208 5.5
  const Match found = find_client_names();
  const auto& names = client_names_->names;
  const auto fits = [&](const Domain& name) { return name.is_within(target); };
  if (std::any_of(names.begin(), names.end(), fits)) return Match::yes;
  return found == Match::stop ? Match::stop : Match::no;
}

bool Evaluation::holds_client(const dns::Answer& answer, const Mechanism& mechanism) const {
  return std::any_of(answer.addresses.begin(), answer.addresses.end(), [&](const IpAddress& address) {
    return Network(address, address.is_v4() ? mechanism.prefix4 : mechanism.prefix6).contains(query_.client);
  });
}

Evaluation::Match Evaluation::count_lookup() {
  if (explaining_) return Match::yes;
  if (lookups_ >= options_.lookups)
    return stop(Status::permerror, fmt::format("more than {} terms ask DNS", options_.lookups), true);
  ++lookups_;
  return Match::yes;
}

Evaluation::Match Evaluation::ask(const dns::Question& question, dns::AnswerPtr& answer) {
  answer = dns_.query(question, deadline_);
  if (is_unknown(*answer)) return stop(Status::temperror, trouble(question, *answer));  // RFC 7208 5
  return answer->status == dns::Status::ok ? Match::yes : count_void(question);
}

Evaluation::Match Evaluation::count_void(const dns::Question& question) {
  // RFC 7208 4.6.4, which counts terms: those of the hosts of an `mx` are not among them.
  if (explaining_ || ++voids_ <= options_.void_lookups) return Match::no;
  return stop(Status::permerror,
              fmt::format("more than {} void lookups, the last {} {}", options_.void_lookups, shown(question.name),
                          dns::name(question.type)),
              true);
}

Evaluation::Match Evaluation::stop(Status status, std::string reason, bool capped) {
  stopped_ = {.status = status, .reason = std::move(reason), .capped = capped};
  return Match::stop;
}

}  // namespace postern::spf
