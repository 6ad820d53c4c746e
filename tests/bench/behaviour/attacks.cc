#include "tests/bench/behaviour/attacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/limits/likeness.h"

namespace postern::bench {

using limits::Circumstances;

namespace {

constexpr int kRecipients = 400;
constexpr double kLongest = 10 * kMinutesOfDay;

Circumstances hideout(Dice& dice, bool abroad) {
  constexpr std::array<std::string_view, 20> kCountries{"NG", "RU", "VN", "BR", "IN", "ID", "TR", "US", "NL", "FR",
                                                        "CN", "UA", "MA", "ZA", "PK", "TH", "MX", "RO", "BG", "GB"};
  return {.address = fmt::format("{}.{}.{}.0/24", dice.number(11, 220), dice.number(0, 255), dice.number(0, 255)),
          .country = abroad ? std::string(kCountries[dice.next() % kCountries.size()]) : "DE",
          .asn = std::to_string(dice.number(61000, 64000))};
}

/// How a thief goes about it.
struct Plan {
  double pause = 0.2;  ///< minutes between messages, in the mean
  int each = 1;        ///< recipients of a message, at most
  double refused = 0.05;
  double foreign = 0.7;  ///< chance of coming from abroad
  bool moves = false;    ///< another network for each message
  double known = 0;      ///< part of the recipients that the owner writes to
};

Plan plan_of(Attack attack, Dice& dice) {
  Plan p{.pause = std::min(dice.tailed(0.3, 1), 3.0), .each = dice.number(5, 50), .refused = dice.between(0.01, 0.12)};
  switch (attack) {
    case Attack::burst:
    case Attack::sales:
    case Attack::newsletter:
    case Attack::shared:
    case Attack::new_hire: break;
    case Attack::one_by_one: p.each = 1; break;
    case Attack::drip:
      p.pause = dice.tailed(12, 0.6);
      p.each = 1;
      break;
    case Attack::botnet:
      p.pause = dice.tailed(2, 0.8);
      p.each = dice.number(1, 3);
      p.moves = true;
      break;
    case Attack::guessing:
      p.each = dice.number(1, 20);
      p.refused = dice.between(0.35, 0.8);
      break;
    case Attack::colleagues:
      p.each = dice.number(1, 20);
      p.refused = 0.01;
      p.known = dice.between(0.1, 0.4);
      break;
    case Attack::night:
      p.pause = std::min(dice.tailed(2, 0.6), 10.0);
      p.each = dice.number(1, 3);
      p.foreign = 0.4;
      break;
    case Attack::own_contacts:
      p.pause = std::min(dice.tailed(1, 0.8), 10.0);
      p.each = dice.number(1, 20);
      p.refused = 0;
      p.known = 1;
      break;
  }
  return p;
}

}  // namespace

std::string_view name(Attack attack) {
  constexpr std::array<std::string_view, kAttacks> kNames{"burst",
                                                          "burst, one by one",
                                                          "slow drip",
                                                          "many addresses (botnet)",
                                                          "guessing, many refused",
                                                          "phishing colleagues",
                                                          "begins at night",
                                                          "stolen sales account",
                                                          "stolen newsletter account",
                                                          "stolen shared mailbox",
                                                          "stolen new account",
                                                          "to the owner's contacts"};
  return kNames[static_cast<std::size_t>(attack)];
}

Kind victim(Attack attack, Dice& dice) {
  switch (attack) {
    case Attack::sales: return Kind::sales;
    case Attack::newsletter: return Kind::newsletter;
    case Attack::shared: return Kind::shared;
    case Attack::new_hire: return Kind::new_hire;
    default: break;
  }
  constexpr std::array<Kind, 10> kVictims{Kind::office_small, Kind::office_small, Kind::office,    Kind::office,
                                          Kind::office,       Kind::office_busy,  Kind::traveller, Kind::night_shift,
                                          Kind::phone,        Kind::phone};
  return kVictims[dice.next() % kVictims.size()];
}

std::vector<Mail> mails(Attack attack, Person& owner, double minute) {
  Dice& dice = owner.dice();
  const Plan plan = plan_of(attack, dice);
  const bool abroad = dice.chance(plan.foreign);
  Circumstances from = hideout(dice, abroad);
  if (!abroad && dice.chance(0.15)) from = owner.home();  // a program on the owner's own computer
  // Most send what they have; some put in words that differ, a few turn every third word.
  const double luck = dice.part();
  const Template text(dice, dice.number(40, 150), luck < 0.6 ? 0.0 : luck < 0.9 ? 0.05 : 0.3);
  const bool same_subject = dice.chance(0.7);
  const std::string subject = words(dice, 4);
  if (attack == Attack::night)
    minute = kMinutesOfDay * std::floor(minute / kMinutesOfDay) + 60 * dice.between(22.5, 27);

  std::vector<Mail> out;
  const double end = minute + kLongest;
  for (int n = 0; n < kRecipients && minute < end; minute -= plan.pause * std::log(1 - dice.part())) {
    if (plan.moves) from = hideout(dice, abroad);
    Mail mail{.minute = minute,
              .where = from,
              .to = {},
              .subject = same_subject ? subject : words(dice, 4),
              .body = limits::likeness(text.next(dice))};
    mail.where.hour = hour_of(minute);
    for (int i = dice.number(1, plan.each); i > 0; --i, ++n) {
      const bool known = dice.chance(plan.known);
      mail.to.push_back({known ? owner.contact() : fmt::format("victim{}@prey{}.example", n, dice.number(0, 99999)),
                         dice.chance(known ? 0.0 : plan.refused)});
    }
    out.push_back(std::move(mail));
  }
  return out;
}

}  // namespace postern::bench
