#include "policy/limits/behaviour_question.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/sip_hash.h"
#include "policy/base/text.h"

namespace postern::limits {

namespace {

constexpr std::size_t kMostName = 320;  // local: an address (RFC 5321 4.5.3.1); longer ones end in a hash

std::string key_of(const Subject& subject) {
  const std::string_view kind = subject.kind == Subject::Kind::login ? "login" : "net";
  if (subject.name.size() <= kMostName) return fmt::format("{} {}", kind, fold(subject.name));
  return fmt::format("{} {} {:016x}", kind, printable(subject.name, kMostName / 2), sip_hash(SipKey{}, subject.name));
}

}  // namespace

Question::Question(const Subject& subject) : key_(key_of(subject)) {}

std::size_t Question::add(const Counted& what, std::span<const Allowance> allow, std::int64_t amount,
                          std::string_view value, std::string_view more) {
  const std::string_view limit =
      more.empty() ? what.limit : limits_.emplace_back(fmt::format("{} {}", what.limit, more));
  demands_.push_back({.limit = limit,
                      .key = key_,
                      .unit = what.unit,
                      .allow = allow,
                      .amount = amount,
                      .value = value,
                      .fallback = Fallback::skip});
  return demands_.size() - 1;
}

bool Question::look(Ledger& ledger, const Deadline& deadline, std::optional<std::size_t> anchor) {
  answers_.resize(demands_.size());
  ledger.look(demands_, answers_, deadline);
  const auto is_own = [](const Answer& a) { return a.kind != Answer::Kind::unavailable && !a.coarse; };
  const auto lacks_room = [](const Answer& a) { return a.kind == Answer::Kind::unavailable && a.coarse; };
  const bool has_place = anchor && is_own(answers_[*anchor]);
  return std::all_of(answers_.begin(), answers_.end(),
                     [&](const Answer& a) { return is_own(a) || (has_place && lacks_room(a)); });
}

}  // namespace postern::limits
