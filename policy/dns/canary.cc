#include "policy/dns/canary.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

namespace postern::dns {

namespace {

constexpr std::chrono::seconds kShortestGap{1};  // local: between two rounds, however much is wrong

// A name that nobody has: below the parent of `known`.
Domain random_name(const Domain& known) {
  constexpr std::size_t kLetters = 20;
  std::random_device random;
  std::string text;
  for (std::size_t i = 0; i < kLetters; ++i) text += static_cast<char>('a' + random() % 26);
  const auto parent = known.parent();
  const auto name = Domain::parse(parent ? text + "." + parent->text() : text);
  return name ? *name : *Domain::parse(text);
}

struct Judgement {
  CanaryState state;
  std::string reason;
};

}  // namespace

struct Canary::Round {
  std::vector<Question> questions;  // the last one is for the name that nobody has
  std::vector<std::optional<Answer>> answers;
  std::size_t open = 0;

  Judgement judge() const;
  DnssecState dnssec() const;
};

Judgement Canary::Round::judge() const {
  bool exists = false, empty = false, bogus = false;
  std::string problem;
  const std::size_t last = questions.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    const std::string& name = questions[i].name.text();
    const Status status = answers[i] ? answers[i]->status : Status::tempfail;
    if (status == Status::nxdomain) return {CanaryState::lying, fmt::format("{} is said not to exist", name)};
    if (status == Status::ok) exists = true;
    if (status == Status::nodata) empty = true;
    if (status == Status::bogus) bogus = true;
    if (status == Status::tempfail || status == Status::bogus)
      problem = fmt::format("{}: {}", name, answers[i] ? answers[i]->problem : "no answer in time");
  }
  const std::string& unknown = questions[last].name.text();
  const Status denied = answers[last] ? answers[last]->status : Status::tempfail;
  if (denied == Status::ok) return {CanaryState::lying, fmt::format("{}, which nobody has, is said to exist", unknown)};
  if (!exists && empty) return {CanaryState::lying, "names that have an address are said to have none"};
  if (!exists) return {bogus ? CanaryState::bogus : CanaryState::dead, problem};
  switch (denied) {
    case Status::ok:
    case Status::nodata:  // what servers say that sign as they answer
    case Status::nxdomain: return {CanaryState::green, {}};
    case Status::bogus: return {CanaryState::bogus, fmt::format("{}: {}", unknown, answers[last]->problem)};
    case Status::tempfail: break;
  }
  // What must exist may come from the servers' cache; this they have to ask others for.
  return {CanaryState::dead,
          fmt::format("{}: {}", unknown, answers[last] ? answers[last]->problem : "no answer in time")};
}

DnssecState Canary::Round::dnssec() const {
  DnssecState state = DnssecState::unknown;
  for (const auto& answer : answers) {
    if (!answer || answer->status == Status::tempfail) continue;
    if (answer->status == Status::bogus)
      state = std::max(state, DnssecState::failing);
    else if (answer->secure)
      return DnssecState::validating;
    else
      state = DnssecState::unsigned_;
  }
  return state;
}

Canary::Canary(std::vector<Domain> names, bool anchored, const Clock& clock, Ask ask, Heard heard)
    : names_(std::move(names)),
      anchored_(anchored),
      clock_(clock),
      ask_(std::move(ask)),
      heard_(std::move(heard)),
      state_(names_.empty() ? CanaryState::off : CanaryState::unknown),
      dnssec_(anchored ? DnssecState::unknown : DnssecState::off) {}

void Canary::tick() {
  if (names_.empty()) return;
  const SteadyTime now = clock_.now();
  std::unique_lock lock(mutex_);
  if (round_ && now >= began_ + kCanaryPatience) return conclude(std::move(lock), now);
  if (round_ || now < due_) return;
  const auto round = begin(now);
  lock.unlock();
  send(round);
}

void Canary::hurry() {
  if (names_.empty()) return;
  const SteadyTime now = clock_.now();
  std::unique_lock lock(mutex_);
  if (round_) return;
  if (began_ != SteadyTime::min() && now < began_ + kShortestGap) {
    due_ = began_ + kShortestGap;
    return;
  }
  const auto round = begin(now);
  lock.unlock();
  send(round);
}

std::shared_ptr<Canary::Round> Canary::begin(SteadyTime now) {
  auto round = std::make_shared<Round>();
  for (const Domain& name : names_) round->questions.push_back({name, Type::a});
  round->questions.push_back({random_name(names_.front()), Type::a});
  round->answers.resize(round->questions.size());
  round->open = round->questions.size();
  began_ = now;
  round_ = round;
  return round;
}

void Canary::send(const std::shared_ptr<Round>& round) {
  for (std::size_t i = 0; i < round->questions.size(); ++i)
    ask_(round->questions[i], [this, round, i](Answer answer) { landed(round, i, std::move(answer)); });
}

void Canary::landed(const std::shared_ptr<Round>& round, std::size_t index, Answer answer) {
  std::unique_lock lock(mutex_);
  round->answers[index] = std::move(answer);
  if (--round->open > 0 || round_ != round) return;
  conclude(std::move(lock), clock_.now());
}

void Canary::conclude(std::unique_lock<std::mutex> lock, SteadyTime now) {
  const auto round = std::exchange(round_, nullptr);
  auto [state, reason] = round->judge();
  reason_ = std::move(reason);
  if (const DnssecState seen = round->dnssec(); anchored_ && seen != DnssecState::unknown) dnssec_ = seen;
  due_ = now + (state == CanaryState::green ? kCanaryEvery : kCanaryRetry);
  state_ = state;
  lock.unlock();
  heard_(state);
}

bool Canary::in_doubt() const {
  const CanaryState state = state_;
  return state != CanaryState::off && state != CanaryState::green;
}

void Canary::report(Health& health) const {
  const std::lock_guard lock(mutex_);
  health.canary = state_;
  health.reason = reason_;
  health.dnssec = dnssec_;
}

}  // namespace postern::dns
