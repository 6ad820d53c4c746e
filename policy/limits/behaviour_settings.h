#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/base/settings.h"

namespace postern::limits {

/// What behaviour is told by. docs/behaviour.md says of each what it sees.
enum class Signal : std::size_t {
  first_time_hour,
  first_time_day,
  alike_texts,
  refused,
  refused_ratio,
  countries,
  asns,
  networks,
  new_country,
  new_asn,
  night,
  burst,
};
constexpr std::size_t kSignals = 12;

/// When a sign is there, and what it is worth.
struct SignSettings {
  std::string_view name;        ///< as settings, logs and findings have it
  std::string_view what;        ///< what is counted, for the documentation
  std::int64_t unusual = 0;     ///< from here on it is worth `weight`
  std::int64_t suspicious = 0;  ///< from here on twice that
  std::int64_t weight = 0;      ///< 0: the sign is off
  std::int64_t past = 0;        ///< `suspicious` is never below so many times the account's own average; 0: fixed
};

/// Thresholds of behaviour. A plain value. The defaults were derived on seeds 1 to 9 of the simulation in tests/bench, and frozen
/// before the seed was drawn whose result docs/behaviour.md prints: who changes one draws another.
struct BehaviourSettings {
  std::chrono::hours learn{14 * 24};  ///< who has sent nothing longer ago than this is new
  std::int64_t newcomer = 350;        ///< percent of the thresholds of first-time-day and alike-texts, for who is new
  std::int64_t alike_from = 5;        ///< as many strangers may have a text before it counts as one that is spread
  std::int64_t score = 4;             ///< the worth of all signs from which on an account is suspicious
  std::array<SignSettings, kSignals> signs{{
      {"first-time-hour", "recipients of the last hour that were never written to in 60 days", 22, 45, 2, 5},
      {"first-time-day", "the same of 24 hours", 40, 80, 2, 7},
      {"alike-texts", "strangers of 7 days that got a text which others had got before", 22, 44, 2, 6},
      {"refused", "recipients of the last hour that were refused for good", 8, 16, 2, 9},
      {"refused-ratio", "percent of all recipients of 24 hours that were refused, from 10 refused ones on", 30, 50, 2,
       0},
      {"countries", "countries of 24 hours that are new for the account", 3, 5, 2, 0},
      {"asns", "autonomous systems of 24 hours that are new for the account", 10, 20, 2, 0},
      {"networks", "client networks (/24, /64) of 24 hours", 30, 60, 1, 0},
      {"new-country", "strangers of 24 hours, from a country that is new for the account", 12, 30, 2, 2},
      {"new-asn", "strangers of 24 hours, from an autonomous system that is new for the account", 12, 30, 1, 2},
      {"night", "recipients of 8 hours of a night (22 to 6)", 25, 50, 2, 10},
      {"burst", "recipients of the last hour", 60, 150, 1, 35},
  }};

  const SignSettings& of(Signal signal) const { return signs[static_cast<std::size_t>(signal)]; }
  SignSettings& of(Signal signal) { return signs[static_cast<std::size_t>(signal)]; }
};

/// `checks: {behaviour: {…}}`, each asked for once: `learn`, `newcomer`, `alike-from`, `score`, and of each sign its name with
/// `-unusual`, `-suspicious`, `-weight` and, where it looks at the past, `-past`. What is wrong is told to its problems.
BehaviourSettings read_behaviour_settings(Settings& settings);

}  // namespace postern::limits
