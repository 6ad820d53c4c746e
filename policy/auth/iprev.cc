#include "policy/auth/iprev.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace postern::iprev {

namespace {

constexpr std::size_t kMaxNames = 10;  // RFC 7208 5.5, which limits the same walk

Result unanswered(const dns::Question& question, const dns::Answer& answer) {
  return {Status::temperror,
          {},
          fmt::format("{} {}: {}", question.name.text(), dns::name(question.type),
                      answer.problem.empty() ? dns::name(answer.status) : answer.problem)};
}

std::vector<dns::Question> forward_questions(const dns::Answer& ptr, dns::Type type) {
  std::vector<std::string> names = ptr.names;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<dns::Question> questions;
  for (const std::string& text : names) {
    if (questions.size() == kMaxNames) break;
    if (const auto host = Domain::parse(text)) questions.push_back({*host, type});
  }
  return questions;
}

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::pass: return "pass";
    case Status::fail: return "fail";
    case Status::temperror: return "temperror";
    case Status::permerror: return "permerror";
  }
  return "";
}

Result check(const IpAddress& client, dns::Resolver& dns, const Deadline& deadline) {
  const dns::Question reverse{*Domain::parse(client.reverse_name()), dns::Type::ptr};
  const dns::AnswerPtr ptr = dns.query(reverse, deadline);
  switch (ptr->status) {
    case dns::Status::nxdomain:
    case dns::Status::nodata: return {Status::permerror, {}, fmt::format("{} has no name", client.text())};
    case dns::Status::tempfail:
    case dns::Status::bogus: return unanswered(reverse, *ptr);
    case dns::Status::ok: break;
  }
  const auto questions = forward_questions(*ptr, client.is_v4() ? dns::Type::a : dns::Type::aaaa);
  if (questions.empty()) return {Status::fail, {}, fmt::format("the name of {} is no host name", client.text())};
  for (const auto& question : questions) dns.prefetch(question);
  std::optional<Result> trouble;
  for (const auto& question : questions) {
    const dns::AnswerPtr forward = dns.query(question, deadline);
    const auto& found = forward->addresses;
    if (std::find(found.begin(), found.end(), client) != found.end()) return {Status::pass, question.name.text(), {}};
    const bool failed = forward->status == dns::Status::tempfail || forward->status == dns::Status::bogus;
    if (failed && !trouble) trouble = unanswered(question, *forward);
  }
  if (trouble) return *trouble;  // RFC 8601 2.7.3: not completed, so no fail
  return {Status::fail,
          {},
          fmt::format("{}{} does not lead back to {}", questions.front().name.text(),
                      questions.size() > 1 ? fmt::format(" (of {} names)", ptr->names.size()) : "", client.text())};
}

}  // namespace postern::iprev
