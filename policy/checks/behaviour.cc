#include "policy/checks/behaviour.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "policy/base/local_time.h"
#include "policy/base/text.h"
#include "policy/limits/behaviour_settings.h"
#include "policy/limits/freezer.h"

namespace postern {

namespace {

using limits::Judgement;
using limits::Level;

// clang-format off
enum : std::size_t { kNormal, kUnusual, kSuspicious, kFrozen, kUnavailable };
constexpr std::array<Outcome, 5> kOutcomes{{
    {"normal",      {},                                                                             ""},
    {"unusual",     {},                                                                             ""},
    {"suspicious",  {451, {7, 1}, "Unusual sending for this account, on hold for now"},             "RFC 3463 3.8"},
    {"frozen",      {550, {7, 1}, "This account is on hold and may not send, ask your postmaster"}, "RFC 3463 3.8"},
    {"unavailable", {451, {4, 3}, "What was sent before can not be looked up, try again later"},    "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

constexpr std::size_t kSignsTold = 4;  // local: a reason stays readable

std::string reason_of(const Judgement& judgement) {
  std::string text;
  for (std::size_t i = 0; i < judgement.signs.size() && i < kSignsTold; ++i) {
    const limits::Sign& sign = judgement.signs[i];
    text += fmt::format("{}{} {} (unusual from {}, suspicious from {})", text.empty() ? "" : ", ", sign.name,
                        sign.value, sign.unusual, sign.suspicious);
  }
  return text;
}

class BehaviourCheck final : public Check {
 public:
  explicit BehaviourCheck(const limits::BehaviourSettings& settings) : settings_(settings) {}

  Finding run(const Context& c) const override {
    if (c.backends.freezer != nullptr && !c.mail.sender->login.empty()) {
      if (const auto frozen = c.backends.freezer->find(c.mail.sender->login)) return {&kOutcomes[kFrozen], frozen->why};
    }
    const auto subject = watched(*c.mail.client, *c.mail.sender, c.mail.direction);
    if (!subject) return {&kOutcomes[kNormal], "nobody to watch"};
    if (c.backends.behaviour == nullptr) return {&kOutcomes[kUnavailable], "nothing counts here"};
    const Judgement judgement =
        c.backends.behaviour->judge(*subject, circumstances(c.site, *c.mail.client, c.unix_time),
                                    fold(c.mail.recipient->path.text()), c.mail.taken, c.deadline);
    if (!judgement.known) return {&kOutcomes[kUnavailable], "the shared store does not answer"};
    switch (judgement.level) {
      case Level::normal: break;
      case Level::unusual: return {&kOutcomes[kUnusual], reason_of(judgement)};
      case Level::suspicious: return {&kOutcomes[kSuspicious], reason_of(judgement)};
    }
    return {&kOutcomes[kNormal], {}};
  }

  void equip(const Workshop& workshop) const override {
    if (workshop.made.ledger != nullptr)
      workshop.made.behaviour = std::make_shared<limits::Behaviour>(settings_, *workshop.made.ledger);
  }

 private:
  const limits::BehaviourSettings settings_;
};

std::unique_ptr<const Check> build(Settings& s) {
  return std::make_unique<BehaviourCheck>(limits::read_behaviour_settings(s));
}

}  // namespace

std::optional<limits::Subject> watched(const Client& client, const Sender& sender, Direction direction) {
  using Kind = limits::Subject::Kind;
  if (!sender.login.empty()) return limits::Subject{Kind::login, fold(sender.login)};
  if (direction != Direction::inbound || !client.ip) return std::nullopt;
  return limits::Subject{Kind::network, network_of(*client.ip).text()};
}

limits::Circumstances circumstances(const Site& site, const Client& client, std::int64_t unix_time) {
  limits::Circumstances where;
  where.hour = local_time(unix_time).tm_hour;
  if (!client.ip) return where;
  where.address = network_of(*client.ip).text();
  where.country = site.country(*client.ip);
  where.asn = site.asn(*client.ip);
  return where;
}

constexpr CheckType kBehaviour{.name = "behaviour",
                               .stage = Stage::recipient,
                               .scope = Scope::recipient,
                               .start = Start::on_demand,
                               .outcomes = kOutcomes,
                               .unavailable = Unavailable::skip,
                               .timeout = std::chrono::seconds(2),
                               .questions = 0,
                               .of_message = true,
                               .build = build};

}  // namespace postern
