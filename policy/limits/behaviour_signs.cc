#include "policy/limits/behaviour_signs.h"

#include <algorithm>
#include <array>
#include <optional>

namespace postern::limits {

namespace {

constexpr std::int64_t kLeastRefused = 10;  // local: half of two recipients is no ratio
constexpr std::int64_t kDay = 24;
constexpr std::int64_t kMonth = 30 * kDay;

/// Signs that see the same thing.
enum class Group : std::size_t { strangers, texts, refused, many_places, new_place, night, burst };
constexpr std::size_t kGroups = 7;

struct Measured {
  Signal signal;
  Group group;
  std::int64_t value = 0;
  std::int64_t average = 0;    ///< of the past, for as long as the sign looks at
  bool for_newcomers = false;  ///< has thresholds of its own for who is new
};

/// What was usual in `hours` of the month before the last `recent` ones.
std::int64_t average(const Tally& t, std::int64_t recent, std::int64_t hours) {
  return std::max<std::int64_t>(0, t.month - t.recent) * hours / (kMonth - recent);
}

std::int64_t ratio(const Counts& c) {
  if (c.refused_day < kLeastRefused) return 0;
  return 100 * c.refused_day / (c.refused_day + c.taken_day);
}

/// An hour is compared with an average day: who writes to 20 people a day does so in one hour.
std::vector<Measured> of_login(const Counts& c) {
  return {
      {Signal::first_time_hour, Group::strangers, c.strangers_hour.now, average(c.strangers_hour, kDay, kDay)},
      {Signal::first_time_day, Group::strangers, c.strangers_day.now, average(c.strangers_day, kDay, kDay), true},
      {Signal::alike_texts, Group::texts, c.alike.now, average(c.alike, 7 * kDay, 7 * kDay), true},
      {Signal::refused, Group::refused, c.refused.now, average(c.refused, kDay, kDay)},
      {Signal::refused_ratio, Group::refused, ratio(c)},
      {Signal::countries, Group::many_places, c.countries},
      {Signal::asns, Group::many_places, c.asns},
      {Signal::networks, Group::many_places, c.networks},
      {Signal::new_country, Group::new_place, c.from_new_country, average(c.strangers_day, kDay, kDay)},
      {Signal::new_asn, Group::new_place, c.from_new_asn, average(c.strangers_day, kDay, kDay)},
      {Signal::night, Group::night, c.night.now, average(c.night, kDay, kDay)},
      {Signal::burst, Group::burst, c.burst.now, average(c.burst, kDay, kDay)},
  };
}

// A network's mail may come from thousands of people, who write to whom they want, from where they want: what remains is
// whether it guesses addresses.
std::vector<Measured> of_network(const Counts& c) {
  return {{Signal::refused, Group::refused, c.refused.now},  // it has no past
          {Signal::refused_ratio, Group::refused, ratio(c)}};
}

struct Weighed {
  Sign sign;
  Group group;
  std::int64_t worth = 0;
};

std::optional<Weighed> weigh(const BehaviourSettings& settings, const Measured& m, bool newcomer) {
  const SignSettings& s = settings.of(m.signal);
  if (s.weight == 0 || s.suspicious == 0) return std::nullopt;
  const std::int64_t percent = newcomer && m.for_newcomers ? settings.newcomer : 100;
  const std::int64_t usual = s.past * m.average;
  Weighed out{.sign = {.name = s.name,
                       .value = m.value,
                       .unusual = std::max(s.unusual * percent / 100, usual * s.unusual / s.suspicious),
                       .suspicious = std::max(s.suspicious * percent / 100, usual)},
              .group = m.group};
  if (out.sign.value < out.sign.unusual) return std::nullopt;
  out.worth = out.sign.value < out.sign.suspicious ? s.weight : 2 * s.weight;
  return out;
}

}  // namespace

Judgement weigh(const BehaviourSettings& settings, Subject::Kind kind, const Counts& counts) {
  std::vector<Weighed> found;
  for (const Measured& m : kind == Subject::Kind::login ? of_login(counts) : of_network(counts)) {
    if (std::optional<Weighed> w = weigh(settings, m, counts.newcomer)) found.push_back(*w);
  }
  std::stable_sort(found.begin(), found.end(), [](const Weighed& a, const Weighed& b) { return a.worth > b.worth; });
  Judgement out;
  std::int64_t score = 0;
  std::array<bool, kGroups> counted{};
  for (const Weighed& w : found) {
    out.signs.push_back(w.sign);
    if (!counted[static_cast<std::size_t>(w.group)]) score += w.worth;
    counted[static_cast<std::size_t>(w.group)] = true;
  }
  out.level = score >= settings.score ? Level::suspicious : score > 0 ? Level::unusual : Level::normal;
  return out;
}

}  // namespace postern::limits
