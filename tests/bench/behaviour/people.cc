#include "tests/bench/behaviour/people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/limits/likeness.h"

namespace postern::bench {

using limits::Circumstances;

namespace {

constexpr std::array<std::string_view, 12> kCountries{"DE", "FR", "IT", "ES", "PL", "NL",
                                                      "US", "GB", "CH", "AT", "SE", "CZ"};

Circumstances somewhere(Dice& dice, std::string_view country) {
  return {.address = fmt::format("{}.{}.{}.0/24", dice.number(11, 220), dice.number(0, 255), dice.number(0, 255)),
          .country = std::string(country),
          .asn = std::to_string(dice.number(1000, 60000))};
}
std::string_view any_country(Dice& dice) { return kCountries[dice.next() % kCountries.size()]; }

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::array<std::string_view, kKinds> kNames{
      "office, few mails", "office",       "office, many mails",     "sales, many new contacts",
      "newsletter",        "traveller",    "shared mailbox",         "night shift",
      "new hire, no past", "on the phone", "first mailing of a list"};
  return kNames[static_cast<std::size_t>(kind)];
}

Person::Person(Kind kind, std::uint64_t seed)
    : kind_(kind), dice_(seed), login_(fmt::format("p{:x}@home.example", seed)) {
  settle();
  signature_ = words(dice_, dice_.chance(0.3) ? 4 : dice_.number(15, 60));
  for (int i = 0; i < 8; ++i) templates_.emplace_back(dice_, dice_.number(30, 120), 0.02);
}

void Person::settle() {
  Habits& h = habits_;
  h.messages = std::min(dice_.tailed(15, 0.6), 60.0);
  h.contacts = std::clamp(static_cast<int>(dice_.tailed(100, 0.6)), 15, 600);
  h.strangers = std::min(dice_.tailed(0.05, 0.5), 0.2);
  h.begins += 0.8 * dice_.normal();
  places_ = {somewhere(dice_, "DE")};
  if (dice_.chance(0.6)) places_.push_back(somewhere(dice_, "DE"));                 // at home as in the office
  if (dice_.chance(0.06)) places_.push_back(somewhere(dice_, any_country(dice_)));  // a VPN
  switch (kind_) {
    case Kind::office_small:
      h.messages = std::min(dice_.tailed(5, 0.6), 20.0);
      h.contacts = dice_.number(10, 60);
      break;
    case Kind::office: break;
    case Kind::office_busy:
      h.messages = std::min(dice_.tailed(45, 0.4), 120.0);
      h.contacts = dice_.number(150, 800);
      h.groups = 0.2;
      break;
    case Kind::sales:
      h.messages = std::min(dice_.tailed(20, 0.5), 60.0);
      h.templates = 0.2;
      break;
    case Kind::newsletter: {
      h.messages = std::min(dice_.tailed(8, 0.6), 30.0);
      constexpr std::array<int, 5> kEvery{1, 7, 7, 14, 28};
      list_.every = kEvery[dice_.next() % kEvery.size()];
      list_.size = std::clamp(static_cast<int>(dice_.tailed(900, 0.8)), 150, list_.every == 1 ? 600 : 5000);
      list_.hour = dice_.number(7, 18);
      list_.growth = dice_.between(0.0003, 0.002);
      list_.welcomes = dice_.chance(0.7);
      break;
    }
    case Kind::traveller: break;
    case Kind::shared:
      h.messages = std::min(dice_.tailed(50, 0.4), 120.0);
      h.strangers = dice_.between(0.2, 0.6);
      h.groups = 0.03;
      h.templates = 0.4;
      for (int i = dice_.number(3, 8); i > 0; --i) places_.push_back(somewhere(dice_, "DE"));
      break;
    case Kind::night_shift: h.begins = 21.5 + 0.5 * dice_.normal(); break;
    case Kind::new_hire:
      introduces_ = dice_.chance(0.35) ? dice_.number(0, 2) : -1;
      colleagues_ = dice_.number(8, 40);
      break;
    case Kind::phone:
      for (int i = dice_.number(20, 60); i > 0; --i) {
        places_.push_back(somewhere(dice_, "DE"));
        places_.back().asn = dice_.chance(0.8) ? "3209" : "6805";
      }
      if (dice_.chance(0.15)) places_.push_back(somewhere(dice_, any_country(dice_)));
      break;
    case Kind::first_mailing:
      list_.size = dice_.number(60, 400);
      mailing_ = 60 + dice_.number(0, 20);
      break;
  }
}

void Person::travel(int number) {
  if (number > trip_until_) trip_.clear();
  const double each_day = kind_ == Kind::traveller ? 0.15 : 0.006;
  if (!trip_.empty() || !dice_.chance(each_day)) return;
  trip_until_ = number + dice_.number(1, kind_ == Kind::traveller ? 6 : 14);
  const int countries = dice_.chance(0.25) ? 2 : 1;
  for (int c = 0; c < countries; ++c) {
    const std::string_view country = any_country(dice_);
    for (int i = dice_.number(2, 5); i > 0; --i) trip_.push_back(somewhere(dice_, country));
  }
  if (dice_.chance(0.4)) trip_.push_back(somewhere(dice_, "DE"));  // the airport
}

const Circumstances& Person::place(double minute) {
  const bool others_stay = kind_ == Kind::shared && dice_.chance(0.8);
  if (!trip_.empty() && !others_stay) return trip_[dice_.next() % trip_.size()];
  if (kind_ == Kind::phone) return places_[dice_.next() % places_.size()];
  if (kind_ == Kind::shared) return places_[dice_.next() % places_.size()];
  const double hour = minute / 60 - 24 * std::floor(minute / kMinutesOfDay);
  return places_[hour < 18 ? 0 : dice_.next() % places_.size()];
}

std::string Person::stranger() {
  return fmt::format("new{}.{}@far{}.example", ++met_, dice_.number(0, 99), dice_.number(0, 9999));
}
std::string Person::contact() { return fmt::format("c{}@near.example", dice_.skewed(habits_.contacts)); }
To Person::to(std::string address, bool is_new) { return {std::move(address), dice_.chance(is_new ? 0.03 : 0.0005)}; }

std::string Person::body_of(bool templated) {
  std::string text = templated ? templates_[dice_.next() % templates_.size()].next(dice_)
                               : words(dice_, static_cast<int>(std::clamp(dice_.tailed(40, 0.9), 3.0, 400.0)));
  text += signature_;
  if (dice_.chance(0.5)) text += words(dice_, dice_.number(20, 150));  // what it replies to
  return text;
}

Mail Person::message(double minute) {
  Mail mail{.minute = minute, .where = place(minute), .to = {}, .subject = words(dice_, dice_.number(1, 6)), .body = 0};
  const int n = dice_.chance(habits_.groups) ? 2 + dice_.skewed(14) : 1;
  for (int i = 0; i < n; ++i) {
    const bool is_new = dice_.chance(habits_.strangers);
    mail.to.push_back(to(is_new ? stranger() : contact(), is_new));
  }
  mail.body = limits::likeness(body_of(dice_.chance(habits_.templates)));
  return mail;
}

void Person::office(int number, std::vector<Mail>& out) {
  const bool weekend = number % 7 >= 5;
  const double mean = habits_.messages * (weekend ? habits_.weekend : std::min(dice_.tailed(1, 0.35), 2.5));
  for (int n = dice_.poisson(mean); n > 0; --n) {
    // Most while at work, some in the evening.
    const double hour =
        dice_.chance(0.93) ? habits_.begins + dice_.part() * habits_.length : habits_.begins + 8 + 6 * dice_.part();
    out.push_back(message(kMinutesOfDay * number + 60 * hour));
  }
}

/// Sales: a template for people who never heard of us.
void Person::cold_mails(int number, std::vector<Mail>& out) {
  if (number % 7 >= 5) return;
  int n = dice_.poisson(dice_.chance(0.1) ? 25 : 8);
  const Template& text = templates_[dice_.next() % templates_.size()];
  const std::string subject = words(dice_, 4);
  const double from = kMinutesOfDay * number + 60 * dice_.between(9, 15);
  for (double minute = from; n > 0; --n, minute += dice_.between(1, 12)) {
    out.push_back({.minute = minute,
                   .where = place(minute),
                   .to = {to(stranger(), true)},
                   .subject = subject,
                   .body = limits::likeness(text.next(dice_) + signature_)});
  }
}

/// The same text for everybody on the list, a message each; and who joins is welcomed.
void Person::issue(int number, std::vector<Mail>& out) {
  if (list_.size == 0) return;
  const double morning = kMinutesOfDay * number;
  const auto member = [](int i) { return fmt::format("l{}@list.example", i); };
  const int joined = kind_ == Kind::newsletter ? dice_.poisson(list_.size * list_.growth) : 0;
  for (int i = 0; list_.welcomes && i < joined; ++i) {
    const double minute = morning + dice_.between(0, kMinutesOfDay);
    out.push_back({.minute = minute,
                   .where = home(),
                   .to = {{member(list_.size + i), dice_.chance(0.05)}},
                   .subject = "welcome to the list",
                   .body = limits::likeness(templates_.front().next(dice_))});
  }
  const int known = list_.size;
  list_.size += joined;
  if (mailing_ >= 0 ? number != mailing_ : number % list_.every != 0) return;
  const Template text(dice_, dice_.number(80, 300), 0);
  const std::string subject = words(dice_, 5);
  std::array<std::uint64_t, 8> bodies{};  // with names in it
  for (std::uint64_t& body : bodies) body = limits::likeness(text.next(dice_));
  double minute = morning + 60 * list_.hour + dice_.between(0, 60);
  for (int i = 0; i < list_.size; ++i, minute += dice_.between(0.005, 0.05)) {
    out.push_back({.minute = minute,
                   .where = home(),
                   .to = {{member(i), i >= known && dice_.chance(0.05)}},
                   .subject = subject,
                   .body = bodies[dice_.next() % bodies.size()]});
  }
}

/// Seldom: an invitation, a new address, greetings; one message to many that are known, and some that are not.
void Person::occasion(int number, std::vector<Mail>& out) {
  if (number % 7 >= 5 || !dice_.chance(0.015)) return;
  const double minute = kMinutesOfDay * number + 60 * (habits_.begins + dice_.part() * habits_.length);
  Mail mail{.minute = minute,
            .where = place(minute),
            .to = {},
            .subject = words(dice_, 4),
            .body = limits::likeness(body_of(true))};
  for (int n = dice_.number(10, 50); n > 0; --n) {
    const bool is_new = dice_.chance(0.15);
    mail.to.push_back(to(is_new ? stranger() : contact(), is_new));
  }
  out.push_back(std::move(mail));
}

void Person::introduction(int number, std::vector<Mail>& out) {
  if (number != introduces_) return;
  const double minute = kMinutesOfDay * number + 60 * 10;
  Mail mail{
      .minute = minute, .where = home(), .to = {}, .subject = words(dice_, 4), .body = limits::likeness(body_of(true))};
  for (int i = 0; i < colleagues_; ++i) mail.to.push_back({fmt::format("c{}@near.example", i), false});
  out.push_back(std::move(mail));
}

std::vector<Mail> Person::day(int number) {
  travel(number);
  std::vector<Mail> out;
  office(number, out);
  if (kind_ == Kind::sales) cold_mails(number, out);
  issue(number, out);
  occasion(number, out);
  introduction(number, out);
  std::sort(out.begin(), out.end(), [](const Mail& a, const Mail& b) { return a.minute < b.minute; });
  for (Mail& mail : out) mail.where.hour = hour_of(mail.minute);
  return out;
}

}  // namespace postern::bench
