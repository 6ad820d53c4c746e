#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits/behaviour.h"
#include "tests/bench/behaviour/dice.h"
#include "tests/bench/behaviour/texts.h"

namespace postern::bench {

/// A recipient of a message, and whether the MTA refuses it for good.
struct To {
  std::string address;
  bool refused = false;
};

struct Mail {
  double minute = 0;  ///< since the simulation began
  limits::Circumstances where;
  std::vector<To> to;
  std::string subject;
  std::uint64_t body = 0;
};

constexpr double kMinutesOfDay = 24 * 60;
inline int hour_of(double minute) { return static_cast<int>(minute / 60) % 24; }

enum class Kind {
  office_small,
  office,
  office_busy,
  sales,
  newsletter,
  traveller,
  shared,
  night_shift,
  new_hire,
  phone,
  first_mailing,  ///< an office that writes to a list of strangers for the first time: outside of the goal
};
constexpr int kKinds = 11;
std::string_view name(Kind kind);

/// The owner of an account, who behaves as people of his kind do.
class Person {
 public:
  Person(Kind kind, std::uint64_t seed);

  /// What he sends on a day, in the order of time. Day 0 is a Monday.
  std::vector<Mail> day(int number);
  /// Somebody he writes to, the nearest the most often.
  std::string contact();
  const std::string& login() const { return login_; }
  /// Where he is at home.
  const limits::Circumstances& home() const { return places_.front(); }
  Dice& dice() { return dice_; }

 private:
  struct Habits {
    double messages = 15;   ///< of a working day
    double weekend = 0.08;  ///< part of it on other days
    double strangers = 0.05;
    double groups = 0.12;  ///< messages that go to several
    double begins = 8.5, length = 8.5;
    int contacts = 100;
    double templates = 0.03;  ///< messages made of a template
  };
  struct List {
    int size = 0, every = 7, hour = 10;
    double growth = 0.001;  ///< of a day
    bool welcomes = true;   ///< who joins gets a message at once
  };

  void settle();
  void travel(int number);
  const limits::Circumstances& place(double minute);
  std::string stranger();
  To to(std::string address, bool is_new);
  std::string body_of(bool templated);
  Mail message(double minute);
  void office(int number, std::vector<Mail>& out);
  void cold_mails(int number, std::vector<Mail>& out);
  void issue(int number, std::vector<Mail>& out);
  void occasion(int number, std::vector<Mail>& out);
  void introduction(int number, std::vector<Mail>& out);

  Kind kind_;
  Dice dice_;
  std::string login_;
  Habits habits_;
  List list_;
  std::string signature_;
  std::vector<Template> templates_;
  std::vector<limits::Circumstances> places_;  ///< the first is home
  std::vector<limits::Circumstances> trip_;    ///< while it lasts
  int trip_until_ = -1, met_ = 0, introduces_ = -1, colleagues_ = 0, mailing_ = -1;
};

}  // namespace postern::bench
