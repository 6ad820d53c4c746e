#include "tests/session/judgement.h"

#include <algorithm>
#include <optional>

namespace postern::session {

namespace {

using Does = PolicyRule::Does;

// What a condition may still be at the end: a set of no, yes, and unknown by a failure under `unavailable: defer`.
using Truths = unsigned;
constexpr Truths kNo = 1, kYes = 2, kFailed = 4, kEither = kNo | kYes;

Truths known_to_be(bool truth) { return truth ? kYes : kNo; }

Truths both(Truths a, Truths b) {
  Truths out = 0;
  for (const Truths x : {kNo, kYes, kFailed}) {
    for (const Truths y : {kNo, kYes, kFailed}) {
      if ((a & x) == 0 || (b & y) == 0) continue;
      out |= x == kNo || y == kNo ? kNo : x == kYes ? y : kFailed;
    }
  }
  return out;
}

Truths local_is(const Knowledge& k, RecipientWord::Local local) {
  if (k.blind_to_recipient || k.stage < Stage::recipient) return kEither;
  return known_to_be(k.recipient != nullptr && k.recipient->local == local);
}

Truths domain_is(const Knowledge& k, std::initializer_list<SenderWord::Domain> wanted) {
  if (k.sender->domain == SenderWord::Domain::lookup_fails) return kFailed;
  return known_to_be(std::find(wanted.begin(), wanted.end(), k.sender->domain) != wanted.end());
}

Truths atom(Atom a, const Knowledge& k) {
  using Domain = SenderWord::Domain;
  using Local = RecipientWord::Local;
  switch (a) {
    case Atom::always: return kYes;
    case Atom::client_bad: return known_to_be(k.client_bad);
    case Atom::helo_bad: return known_to_be(k.helo_bad);
    case Atom::sender_bad: return known_to_be(k.sender->domain == Domain::bad);
    case Atom::sender_soft: return known_to_be(k.sender->domain == Domain::soft);
    case Atom::authenticated: return known_to_be(k.sender->login[0] != '\0');
    case Atom::recipient_bad: return local_is(k, Local::bad);
    case Atom::recipient_soft: return local_is(k, Local::soft);
    case Atom::recipient_other: return local_is(k, Local::other);
    case Atom::header_spam: return k.stage < Stage::headers ? kEither : known_to_be(k.spam);
    case Atom::large: return k.stage < Stage::end ? kEither : known_to_be(k.bytes > kLargeBytes);
    case Atom::domain_unusable: return domain_is(k, {Domain::malformed, Domain::none});
    case Atom::domain_gone: return domain_is(k, {Domain::gone});
    case Atom::domain_null_mx: return domain_is(k, {Domain::null_mx});
    case Atom::domain_unavailable: return known_to_be(k.sender->domain == Domain::lookup_fails);
  }
  return kNo;
}

bool reads_recipient(const PolicyRule& rule) {
  return rule.not_postmaster || rule.atom == Atom::recipient_bad || rule.atom == Atom::recipient_soft ||
         rule.atom == Atom::recipient_other;
}

Truths truths(const PolicyRule& rule, const Knowledge& k) {
  const bool inbound = k.direction == Direction::inbound;
  Truths out = atom(rule.atom, k);
  if (rule.inbound_only) out = both(known_to_be(inbound), out);
  if (rule.not_postmaster && inbound) {
    const Truths postmaster = local_is(k, RecipientWord::Local::postmaster);
    out = both(out, (postmaster & kNo ? kYes : 0) | (postmaster & kYes ? kNo : 0));
  }
  return out;
}

bool is_final(const PolicyRule& rule) { return rule.does != Does::mark; }
bool is_refusal(Does does) { return does == Does::reject || does == Does::defer; }

// One rule of P (LANGUAGE 5).
struct Step {
  const PolicyRule* rule;
  Truths truths;
  Does counts_as;
  bool turned;  // into a 4xx, by a failed rule above
};

struct Walk {
  std::vector<Step> steps;
  const PolicyRule* ended_by = nullptr;
  bool deferring = false;  // a failure makes what is no refusal a 4xx
};

Walk walk(const TestPolicy& policy, const Knowledge& k) {
  Walk w;
  for (const PolicyRule& rule : policy.rules) {
    if (!is_final(rule) || rule.monitored) continue;
    const Truths t = truths(rule, k);
    if (t == kNo) continue;
    const bool turned = w.deferring && !is_refusal(rule.does);
    w.steps.push_back({&rule, t, turned ? Does::defer : rule.does, turned});
    if (t == kYes) {
      w.ended_by = &rule;
      break;
    }
    if (rule.does != Does::accept && (t & kFailed) != 0 && (t & kNo) == 0) w.deferring = true;
  }
  return w;
}

std::string word(Does does) {
  switch (does) {
    case Does::reject: return "reject";
    case Does::defer: return "defer";
    case Does::quarantine: return "quarantine";
    case Does::discard: return "discard";
    case Does::accept:
    case Does::mark: return "accept";
  }
  return {};
}

Judgement put_off() { return {.certain = true, .action = "defer", .reply = "451 4.4.3"}; }

Judgement spoken_by(const PolicyRule& rule) {
  return {.certain = true, .action = word(rule.does), .rule = rule.name, .reply = rule.reply};
}

// P holds refusals alone.
Judgement refusal(const Walk& w) {
  const bool soft =
      std::any_of(w.steps.begin(), w.steps.end(), [](const Step& s) { return s.counts_as == Does::defer; });
  const Does spoken = soft || w.steps.empty() ? Does::defer : Does::reject;
  const auto speaks = [&](const Step& s) { return s.counts_as == spoken && !s.turned; };
  if (w.ended_by != nullptr && speaks(w.steps.back())) return spoken_by(*w.ended_by);
  const auto first = std::find_if(w.steps.begin(), w.steps.end(), speaks);
  return first != w.steps.end() ? spoken_by(*first->rule) : put_off();
}

std::vector<std::string> marks(const TestPolicy& policy, const Walk& w, const Knowledge& k) {
  std::vector<std::string> names;
  for (const PolicyRule& rule : policy.rules) {
    if (rule.does == Does::mark && !rule.monitored && truths(rule, k) == kYes) names.push_back(rule.name);
    if (&rule == w.ended_by) break;
  }
  return names;
}

Judgement at_the_end(const TestPolicy& policy, const Walk& w, const Knowledge& k) {
  const Does result = w.ended_by != nullptr ? w.steps.back().counts_as : w.deferring ? Does::defer : Does::accept;
  const auto differs = [&](const Step& s) { return s.truths != kYes && s.counts_as != result; };
  // Every unknown of the end is a failure, and the only check is under `unavailable: defer`.
  if (std::any_of(w.steps.begin(), w.steps.end(), differs)) return put_off();
  const bool turned = w.ended_by == nullptr || w.steps.back().turned;
  if (is_refusal(result)) return turned ? put_off() : spoken_by(*w.ended_by);
  Judgement j{
      .certain = true, .action = word(result), .rule = w.ended_by != nullptr ? w.ended_by->name : std::string()};
  if (result != Does::discard) j.marks = marks(policy, w, k);
  return j;
}

bool rests_on_recipient(const TestPolicy& policy, const Knowledge& k, const std::string& deciding) {
  Knowledge blind = k;
  blind.blind_to_recipient = true;
  for (const PolicyRule& rule : policy.rules) {
    if (!is_final(rule) || rule.monitored) continue;
    if (reads_recipient(rule) && truths(rule, blind) != truths(rule, k)) return true;
    if (rule.name == deciding || truths(rule, k) == kYes) return false;
  }
  return false;
}

}  // namespace

Judgement judge(const TestPolicy& policy, const Knowledge& known) {
  const Walk w = walk(policy, known);
  const bool only_refusals =
      std::all_of(w.steps.begin(), w.steps.end(), [](const Step& s) { return is_refusal(s.counts_as); }) &&
      (w.ended_by != nullptr || w.deferring);
  Judgement j;
  if (only_refusals)
    j = refusal(w);
  else if (known.stage == Stage::end)
    j = at_the_end(policy, w, known);
  if (j.certain) j.scoped = rests_on_recipient(policy, known, j.rule);
  return j;
}

std::string profile(const TestPolicy& policy, const Knowledge& known) {
  Knowledge blind = known;
  blind.blind_to_recipient = true;
  std::string values;
  for (const PolicyRule& rule : policy.rules) {
    if (!is_final(rule) || rule.monitored) continue;
    const Truths without = truths(rule, blind);
    if (reads_recipient(rule) && without != kNo)
      values += rule.not_postmaster ? std::to_string(local_is(known, RecipientWord::Local::postmaster))
                                    : std::to_string(atom(rule.atom, known));
    if (without == kYes) break;
  }
  return values;
}

}  // namespace postern::session
