#include "policy/checks/limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace postern {

namespace {

using limits::Answer;

// clang-format off
enum : std::size_t { kOk, kNear, kOver, kOff, kUnavailable };
constexpr std::array<Outcome, 5> kOutcomes{{
    {"ok",          {},                                                                    ""},
    {"near",        {},                                                                    ""},
    {"over",        {451, {7, 1}, "Too much for now, try again later"},                    "RFC 3463 3.8"},
    {"off",         {},                                                                    ""},
    {"unavailable", {451, {4, 3}, "What was sent can not be counted now, try again later"}, "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

std::size_t index_of(Answer::Kind kind) {
  switch (kind) {
    case Answer::Kind::ok: return kOk;
    case Answer::Kind::near: return kNear;
    case Answer::Kind::over: return kOver;
    case Answer::Kind::unavailable: break;
  }
  return kUnavailable;
}

std::string shown_key(std::string_view key) {
  std::string text(key);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

// A count that is not ours alone, or a number that is not the true one.
bool is_only_for_now(const LimitCount& c) { return c.answer.local || c.answer.coarse || c.stands_in; }

// FIELD 2.13. In numbers, so that people know what is left and when to come back.
OwnReply reply_of(const LimitCount& c, const limits::Allowance& window, std::int64_t used, const std::string& next) {
  OwnReply reply{.code = 451, .status = {7, 1}, .text = {}};
  const std::string_view unit = limits::name(c.limit.unit);
  const std::string allow = limits::text_of(window);
  const auto budget = [&](std::int64_t n) {
    return fmt::format("limit {}: {} of {} {} used", c.limit.name, n, allow, unit);
  };
  if (c.answer.next == Answer::kNever && !is_only_for_now(c)) {
    reply.text =
        fmt::format("Not accepted, and never will be: limit {} allows {} {} at all", c.limit.name, allow, unit);
  } else {
    reply.text = fmt::format("Not accepted, {}; next at {}", budget(used),
                             c.answer.next == Answer::kNever ? std::string("a later time") : next);
  }
  // Without what this message has taken already there would be room: it is this message that has too many.
  const std::int64_t before = used - c.own;
  const bool of_this_message = c.own > 0 && before >= 0 && before < window.most;
  if (of_this_message && unit.ends_with("recipients")) {
    reply.code = 452;
    reply.status = {5, 3};
    if (used >= window.most)  // not for a burst alone
      reply.text = fmt::format("Not accepted, {}, and this message is to more than the {} that are left",
                               budget(before), window.most - before);
  }
  const bool hopeless = c.answer.next == Answer::kNever || c.answer.next > c.limit.patience;
  reply.for_good = hopeless && !of_this_message && !is_only_for_now(c);
  return reply;
}

}  // namespace

std::span<const Outcome> limit_outcomes() { return kOutcomes; }

std::size_t limit_gravity(const Finding& finding) {
  constexpr std::array<std::size_t, 5> kGravest{kOff, kOk, kNear, kUnavailable, kOver};
  const auto is_outcome = [&](std::size_t index) { return finding.outcome == &kOutcomes[index]; };
  return static_cast<std::size_t>(std::find_if(kGravest.begin(), kGravest.end(), is_outcome) - kGravest.begin());
}

bool is_over(const Finding& finding) { return finding.outcome == &kOutcomes[kOver]; }

Finding limit_off() { return {&kOutcomes[kOff], {}}; }

Finding limit_unavailable(std::string_view why) { return {&kOutcomes[kUnavailable], std::string(why)}; }

Finding limit_finding(const LimitCount& c, std::int64_t unix_time) {
  const std::size_t index = index_of(c.answer.kind);
  if (index == kUnavailable) return limit_unavailable("the shared store does not answer");
  const std::size_t tightest = std::min(c.answer.tightest, c.allow.size() - 1);
  limits::Allowance window = c.allow[tightest];
  window.most = c.answer.allow[tightest];
  if (c.answer.local) window.burst.reset();  // its share is not told
  const std::int64_t used = c.answer.used[tightest];
  std::string next = limits::next_text(c.answer.next, unix_time);
  std::string budget = limits::text_of(window);
  std::string key = shown_key(c.key);
  std::string number = std::to_string(used);
  Finding finding{&kOutcomes[index], {}};
  finding.reason.reserve(number.size() + budget.size() + key.size() + 40);
  finding.reason.append(number).append(" of ").append(budget).append(" used by ").append(key);
  if (c.answer.local)
    finding.reason += ", this machine's share";
  else if (c.answer.coarse)
    finding.reason += ", counted with others";
  finding.only_for_now = is_only_for_now(c);
  if (index == kOver) finding.reply = reply_of(c, window, used, next);
  finding.facts.reserve(5);
  finding.facts.emplace_back("used", std::move(number));
  finding.facts.emplace_back("allow", std::move(budget));
  finding.facts.emplace_back("remaining", std::to_string(std::max<std::int64_t>(0, window.most - used)));
  finding.facts.emplace_back("next", std::move(next));
  finding.facts.emplace_back("key", std::move(key));
  return finding;
}

}  // namespace postern
