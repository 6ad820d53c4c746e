#include "policy/limits/behaviour_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "policy/base/text.h"
#include "policy/limits/behaviour_question.h"
#include "policy/limits/likeness.h"

namespace postern::limits {

namespace {

using std::chrono::hours;

constexpr std::size_t kMostSample = 48;        // local: of the recipients that are pending, so many are looked at
constexpr std::size_t kMostRecipients = 1000;  // local: of one message, so many are remembered
constexpr std::int64_t kMostAlike = 64;        // local: a text that so many strangers got counts no further
constexpr std::size_t kMostSubject = 1000;     // local: bytes of a Subject field that are read
constexpr std::string_view kNobody = "\x01";   // a recipient that nobody has

constexpr hours kHour{1};
constexpr hours kNight{8};
constexpr hours kDay{24};
constexpr hours kWeek{7 * 24};
constexpr hours kMonth{30 * 24};

bool is_night(int hour) { return hour >= 22 || hour < 6; }

constexpr Allowance all(hours window) { return {.most = kMostAllowed, .window = window}; }

/// Of values. A burst of 0 lets none in, so that the ledger, when it is looked into, says `over` of one that is new; what
/// is charged is counted in any case.
constexpr Allowance values(hours window) { return {.most = kMostValues, .window = window, .burst = 0}; }

// The ledger only counts here: nothing else is ever over.
constexpr Counted kKnown{"behaviour/known", Unit::first_time_recipients, {values(kDay)}, 1};
constexpr Counted kStrangers{"behaviour/first-time", Unit::recipients, {all(kHour), all(kDay), all(kMonth)}, 3};
constexpr Counted kRecipients{"behaviour/recipients", Unit::recipients, {all(kHour), all(kDay), all(kMonth)}, 3};
constexpr Counted kRefused{"behaviour/refused", Unit::refused_recipients, {all(kHour), all(kDay), all(kMonth)}, 3};
// Of networks, of which a stranger has as many as he likes, nothing is kept for longer.
constexpr Counted kRefusedFrom{"behaviour/refused", Unit::refused_recipients, {all(kHour), all(kDay)}, 2};
constexpr Counted kRecipientsFrom{"behaviour/recipients", Unit::recipients, {all(kDay)}, 1};
constexpr Counted kAtNight{"behaviour/night", Unit::recipients, {all(kNight), all(kDay), all(kMonth)}, 3};
constexpr Counted kAlike{"behaviour/alike-texts", Unit::recipients, {all(kWeek), all(kMonth)}, 2};
constexpr Counted kText{"behaviour/text", Unit::distinct_recipients, {values(kWeek)}, 1};
constexpr Counted kCountries{"behaviour/countries", Unit::distinct_recipients, {values(kDay)}, 1};
constexpr Counted kAsns{"behaviour/asns", Unit::distinct_recipients, {values(kDay)}, 1};
constexpr Counted kNetworks{"behaviour/networks", Unit::distinct_recipients, {values(kDay)}, 1};
constexpr Counted kFrom{"behaviour/strangers-from", Unit::recipients, {all(kDay)}, 1};

std::string cut(std::string_view text) { return printable(text, 40); }
std::string country_of(const Circumstances& where) { return "country " + cut(where.country); }
std::string asn_of(const Circumstances& where) { return "as " + cut(where.asn); }

/// Where the account speaks from: messages by place, in `learn` and in a month, to tell what is new.
struct Places {
  std::array<Allowance, 2> windows;

  explicit Places(const BehaviourSettings& s) : windows{{all(s.learn), all(kMonth)}} {}
  static constexpr Counted kMessages{"behaviour/messages", Unit::messages, {}, 0};

  std::size_t add(Question& q, std::int64_t amount, std::string_view more) const {
    return q.add(kMessages, windows, amount, {}, more);
  }
  /// Was there a message longer ago than `learn`?
  static bool is_old(const Question& q, std::size_t at) { return q.used(at, 1) > q.used(at, 0); }
};

/// Whether recipients are strangers; the place of the first one's answer.
std::size_t ask_of(Question& q, std::span<const std::string_view> recipients) {
  const std::size_t first = q.demands().size();
  for (const std::string_view r : recipients) q.add(kKnown, 1, r);
  return first;
}

std::vector<std::string_view> each_once(std::span<const std::string> recipients) {
  std::vector<std::string_view> out(recipients.begin(), recipients.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// The keys of a text: four bands of its body's likeness, of which alike texts share one, and its subject.
std::vector<std::string> text_keys(const Sent& message) {
  std::vector<std::string> keys;
  for (unsigned band = 0; message.body != 0 && band < 4; ++band)
    keys.push_back(fmt::format("b{} {:04x}", band, (message.body >> (16 * band)) & 0xffff));
  const std::uint64_t subject = likeness(std::string_view(message.subject).substr(0, kMostSubject));
  if (subject != 0) keys.push_back(fmt::format("s {:016x}", subject));
  return keys;
}

Tally tally(const Question& q, std::size_t at, std::size_t now, std::size_t recent, std::size_t month) {
  return {.now = q.used(at, now), .recent = q.used(at, recent), .month = q.used(at, month)};
}

}  // namespace

bool BehaviourCounts::read(const Subject& subject, const Circumstances& where, std::string_view recipient,
                           std::span<const std::string> pending, const Deadline& deadline, Counts& out) const {
  Question q(subject);
  const auto coming = static_cast<std::int64_t>(pending.size()) + 1;
  if (subject.kind == Subject::Kind::network) {
    const std::size_t refused = q.add(kRefusedFrom, 0);
    const std::size_t taken = q.add(kRecipientsFrom, 0);
    if (!q.look(ledger_, deadline)) return false;
    out.refused.now = q.used(refused, 0);
    out.refused_day = q.used(refused, 1);
    out.taken_day = q.used(taken) + coming;
    return true;
  }
  const std::size_t refused = q.add(kRefused, 0);
  const std::size_t taken = q.add(kRecipients, 0);

  // Of many pending ones a part stands for all, evenly, so that a long message costs no more with each recipient.
  std::vector<std::string_view> sample;
  const std::size_t step = pending.size() / kMostSample + 1;
  for (std::size_t i = 0; i < pending.size(); i += step) sample.push_back(pending[i]);
  sample.push_back(recipient);

  const std::size_t first = ask_of(q, sample);
  const Places places(settings_);
  const std::string country = country_of(where), asn = asn_of(where);
  const std::size_t strangers = q.add(kStrangers, 0);
  const std::size_t night = q.add(kAtNight, 0);
  const std::size_t alike = q.add(kAlike, 0);
  const std::size_t countries = q.add(kCountries, 1, where.country);
  const std::size_t asns = q.add(kAsns, 1, where.asn);
  const std::size_t networks = q.add(kNetworks, 1, where.address);
  const std::size_t messages = places.add(q, 0, {});
  const std::size_t country_messages = places.add(q, 0, country), asn_messages = places.add(q, 0, asn);
  const std::size_t country_strangers = q.add(kFrom, 0, {}, country), asn_strangers = q.add(kFrom, 0, {}, asn);
  if (!q.look(ledger_, deadline, messages)) return false;

  std::int64_t new_ones = 0;
  for (std::size_t i = 0; i + 1 < sample.size(); ++i) new_ones += q.is_new(first + i) ? 1 : 0;
  if (sample.size() > 1) new_ones = new_ones * (coming - 1) / static_cast<std::int64_t>(sample.size() - 1);
  new_ones += q.is_new(first + sample.size() - 1) ? 1 : 0;

  out.newcomer = !Places::is_old(q, messages);
  out.strangers_hour = tally(q, strangers, 0, 1, 2);
  out.strangers_day = tally(q, strangers, 1, 1, 2);
  out.strangers_hour.now += new_ones;
  out.strangers_day.now += new_ones;
  out.alike = tally(q, alike, 0, 0, 1);
  out.refused = tally(q, refused, 0, 1, 2);
  out.refused_day = q.used(refused, 1);
  out.burst = tally(q, taken, 0, 1, 2);
  out.burst.now += coming;
  out.taken_day = q.used(taken, 1) + coming;
  if (is_night(where.hour)) {
    out.night = tally(q, night, 0, 1, 2);
    out.night.now += coming;
  }
  if (!where.address.empty()) out.networks = q.values(networks);
  const bool new_country = !where.country.empty() && !Places::is_old(q, country_messages);
  const bool new_asn = !where.asn.empty() && !Places::is_old(q, asn_messages);
  out.countries = new_country ? q.values(countries) : q.used(countries);
  out.asns = new_asn ? q.values(asns) : q.used(asns);
  if (new_country && !out.newcomer) out.from_new_country = q.used(country_strangers) + new_ones;
  if (new_asn && !out.newcomer) out.from_new_asn = q.used(asn_strangers) + new_ones;
  return true;
}

void BehaviourCounts::sent(const Subject& subject, const Circumstances& where, const Sent& message,
                           const Deadline& deadline) const {
  std::vector<std::string_view> recipients = each_once(message.recipients);
  const auto all = static_cast<std::int64_t>(recipients.size());
  if (recipients.size() > kMostRecipients) recipients.resize(kMostRecipients);
  Question charge(subject);
  const bool network = subject.kind == Subject::Kind::network;
  charge.add(network ? kRecipientsFrom : kRecipients, all);
  if (network) {
    ledger_.charge(charge.demands());
    return;
  }

  Question q(subject);
  const std::size_t first = ask_of(q, recipients);
  const std::vector<std::string> texts = text_keys(message);
  const Places places(settings_);
  const std::string country = country_of(where), asn = asn_of(where);
  const std::size_t every = places.add(q, 0, {});
  const std::size_t country_messages = places.add(q, 0, country), asn_messages = places.add(q, 0, asn);
  std::vector<std::size_t> spread;
  for (const std::string& text : texts) spread.push_back(q.add(kText, 1, kNobody, text));
  const bool told = q.look(ledger_, deadline, every);

  std::vector<std::string_view> strangers;
  for (std::size_t i = 0; told && i < recipients.size(); ++i) {
    if (q.is_new(first + i)) strangers.push_back(recipients[i]);
  }
  const auto new_ones = static_cast<std::int64_t>(strangers.size());
  for (const std::string_view r : recipients) charge.add(kKnown, 1, r);
  if (new_ones > 0) charge.add(kStrangers, new_ones);
  std::int64_t most = 0;
  for (std::size_t i = 0; told && i < texts.size(); ++i) {
    const std::int64_t before = q.used(spread[i]);
    most = std::max(most, before);
    if (before >= kMostAlike) continue;
    for (std::size_t s = 0; s < strangers.size() && s < static_cast<std::size_t>(kMostAlike); ++s)
      charge.add(kText, 1, strangers[s], texts[i]);
  }
  const std::int64_t alike = std::clamp<std::int64_t>(most + new_ones - settings_.alike_from, 0, new_ones);
  if (alike > 0) charge.add(kAlike, alike);
  if (is_night(where.hour)) charge.add(kAtNight, all);

  places.add(charge, 1, {});
  const auto from = [&](const Counted& what, std::string_view place, std::string_view more, std::size_t messages) {
    if (place.empty()) return;
    if (told && !Places::is_old(q, messages)) charge.add(what, 1, place);
    places.add(charge, 1, more);
    if (new_ones > 0) charge.add(kFrom, new_ones, {}, more);
  };
  from(kCountries, where.country, country, country_messages);
  from(kAsns, where.asn, asn, asn_messages);
  if (!where.address.empty()) charge.add(kNetworks, 1, where.address);
  ledger_.charge(charge.demands());
}

void BehaviourCounts::begin_anew(const Subject& subject, const Circumstances* where, const Deadline& deadline) const {
  const Question q(subject);
  for (const Counted* what :
       {&kStrangers, &kRecipients, &kRefused, &kAtNight, &kAlike, &kCountries, &kAsns, &kNetworks})
    ledger_.reset(what->limit, q.key(), deadline);
  if (where == nullptr) return;
  for (const std::string& place : {country_of(*where), asn_of(*where)})
    ledger_.reset(fmt::format("{} {}", kFrom.limit, place), q.key(), deadline);
}

void BehaviourCounts::refused(const Subject& subject) const {
  Question charge(subject);
  charge.add(subject.kind == Subject::Kind::network ? kRefusedFrom : kRefused, 1);
  ledger_.charge(charge.demands());
}

}  // namespace postern::limits
