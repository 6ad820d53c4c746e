#include "policy/engine/limit_book.h"

#include <algorithm>
#include <set>
#include <utility>

#include "policy/base/text.h"
#include "policy/checks/limit.h"
#include "policy/engine/ask.h"
#include "policy/engine/known_facts.h"
#include "policy/engine/transaction.h"

namespace postern {

using limits::Answer;
using limits::Unit;
using rules::LimitState;

namespace {

constexpr std::size_t kMostKeysOfAConnection = 100;  // local: more are counted anew
constexpr std::size_t kNone = std::size_t(-1);

/// Counted once a connection or a MAIL, at once: there is nothing that could still come of it.
bool counts_at_once(Unit unit) { return unit == Unit::connections || unit == Unit::unauthenticated_attempts; }

/// Counted one by one for each recipient.
bool counts_each(Unit unit) { return unit == Unit::recipients || limits::counts_values(unit); }

std::string address_key(const Recipient& recipient) { return fold(recipient.path.text()); }

bool is_attempt(const Transaction& t) {
  const auto& listeners = t.policy->site.submission;
  return t.sender->login.empty() &&
         std::find(listeners.begin(), listeners.end(), t.client->listener) != listeners.end();
}

}  // namespace

LimitBook::LimitBook(const Policy& policy, limits::Ledger* ledger, ConnectionCounts& connection, Counters& counters)
    : policy_(policy), ledger_(ledger), connection_(connection), counters_(counters) {
  limit_of_check_.resize(policy.rules->checks().size());
  const auto limits = policy.rules->limits();
  for (std::size_t i = 0; i < limits.size(); ++i) limit_of_check_[limits[i].check] = i;
  entries_.reserve(limits.size());  // mostly there is one recipient
  counts_.reserve(limits.size());
}

LimitBook::~LimitBook() {
  try {
    refuse();
  } catch (...) {
    return;  // a lease ends by itself
  }
}

const limits::Limit& LimitBook::limit_of(std::size_t limit) const { return policy_.limits[limit]; }

const CheckDecl& LimitBook::check_of(std::size_t limit) const {
  return policy_.rules->checks()[policy_.rules->limits()[limit].check];
}

const LimitBook::Entry* LimitBook::find(std::size_t limit, const Recipient* recipient) const {
  const auto found = entries_of_.find(recipient);
  if (found == entries_of_.end() || found->second[limit] == kNone) return nullptr;
  return &entries_[found->second[limit]];
}

std::vector<std::size_t>& LimitBook::entries_of(const Recipient* recipient) {
  std::vector<std::size_t>& of_recipient = entries_of_[recipient];
  if (of_recipient.empty()) of_recipient.assign(policy_.limits.size(), kNone);
  return of_recipient;
}

std::size_t LimitBook::entry_of(std::size_t limit, const Recipient* recipient, std::vector<std::size_t>& of_recipient) {
  if (of_recipient[limit] != kNone) return of_recipient[limit];
  entries_.push_back({.limit = limit,
                      .recipient = recipient,
                      .finding = {},
                      .waited_at = {},
                      .key = {},
                      .allow = {},
                      .stands_in = false});
  return of_recipient[limit] = entries_.size() - 1;
}

rules::CheckState LimitBook::state(std::size_t check, const Recipient* recipient, Stage stage) const {
  using Kind = rules::CheckState::Kind;
  const CheckDecl& decl = policy_.rules->checks()[check];
  if (decl.stage > stage) return {Kind::later, nullptr};
  if (decl.scope == Scope::message)
    recipient = nullptr;
  else if (recipient == nullptr)  // at the end: there is none, so nothing is true of it
    return {stage == Stage::end ? Kind::known : Kind::later, nullptr};
  const Entry* entry = find(*limit_of_check_[check], recipient);
  if (entry == nullptr) return {Kind::askable, nullptr};
  if (entry->finding)
    return {entry->finding->outcome->failure == Failure::yes ? Kind::failed : Kind::known, &*entry->finding};
  return {entry->waited_at == stage ? Kind::later : Kind::askable, nullptr};
}

// What is due and not answered. From the end of the header on all recipients are there, and are counted together.
std::vector<LimitBook::Target> LimitBook::targets(Transaction& t, RecipientState* recipient, Stage stage) {
  std::vector<Target> targets;
  targets.reserve(policy_.limits.size());
  const auto add_all = [&](Scope scope, RecipientState* r) {
    const Recipient* const whose = r == nullptr ? nullptr : r->recipient.get();
    std::vector<std::size_t>* entries = nullptr;
    for (std::size_t limit = 0; limit < policy_.limits.size(); ++limit) {
      const CheckDecl& check = check_of(limit);
      if (check.stage > stage || check.scope != scope) continue;
      if (entries == nullptr) entries = &entries_of(whose);
      const std::size_t entry = entry_of(limit, whose, *entries);
      if (!entries_[entry].finding && entries_[entry].waited_at != stage) targets.push_back({entry, r});
    }
  };
  add_all(Scope::message, nullptr);
  if (stage < Stage::headers) {
    if (recipient != nullptr) add_all(Scope::recipient, recipient);
    return targets;
  }
  for (RecipientState& r : t.recipients) {
    if (r.accepted()) add_all(Scope::recipient, &r);
  }
  return targets;
}

void LimitBook::take_state(const Transaction& t, Entry& entry, const LimitState& state) {
  if (state.kind == LimitState::Kind::off) {
    entry.finding = limit_off();
    return;
  }
  if (state.kind == LimitState::Kind::unknown) {
    counters_.get("limits.unknown").add();
    entry.finding = limit_unavailable("what decides whether it counts could not be looked up");
    return;
  }
  const limits::Limit& limit = limit_of(entry.limit);
  entry.key = limits::bounded_key(join(state.key, "\t"));
  entry.stands_in = state.stands_in;
  entry.allow = limits::allowed(limit, entry.key, state.allow, t.unix_time);
  const bool is_off = limit.unit == Unit::unauthenticated_attempts && !is_attempt(t);
  if (entry.allow.empty() || is_off) entry.finding = limit_off();
}

// Whether and for whom they count; what they rest on is asked for. Those that stay open are waited for no more at this
// stage.
void LimitBook::settle(Transaction& t, std::vector<Target>& targets, Stage stage, const Deadline& deadline,
                       bool may_ask) {
  std::vector<Target> settled;
  std::vector<Target> open = std::move(targets);
  settled.reserve(open.size());
  while (!open.empty()) {
    // Those of one recipient stand together, the last ones first.
    RecipientState* const recipient = open.back().recipient;
    std::vector<Target> group;
    std::vector<std::size_t> limits;
    group.reserve(std::min(open.size(), policy_.limits.size()));
    limits.reserve(std::min(open.size(), policy_.limits.size()));
    while (!open.empty() && open.back().recipient == recipient) {
      group.push_back(open.back());
      limits.push_back(entries_[open.back().entry].limit);
      open.pop_back();
    }
    const KnownFacts known(t, recipient, stage);
    const std::vector<LimitState> states = rules::limit_states(*policy_.rules, known, limits, stage);
    std::optional<std::size_t> needed;
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (states[i].kind == LimitState::Kind::needs && may_ask) {
        if (!needed) needed = states[i].check;
        open.push_back(group[i]);
        continue;
      }
      Entry& entry = entries_[group[i].entry];
      if (states[i].kind == LimitState::Kind::needs || states[i].kind == LimitState::Kind::later)
        entry.waited_at = stage;
      else
        take_state(t, entry, states[i]);
      if (!entry.finding && entry.waited_at != stage) settled.push_back(group[i]);
    }
    if (needed) ask_for(t, recipient, *needed, stage, deadline);
  }
  targets = std::move(settled);
}

// The same count for two recipients under one key, where a message counts once, is one count.
std::size_t LimitBook::add(Count count) {
  const Entry& entry = entries_[count.entry];
  const Unit unit = limit_of(entry.limit).unit;
  const bool is_alone = count.of_message && !limits::counts_values(unit);
  if (unit == Unit::recipients || !count.counts || is_alone) {
    counts_.push_back(std::move(count));
    return counts_.size() - 1;
  }
  const std::string name = std::to_string(entry.limit) + '\0' + entry.key + '\0' + count.value;
  const auto known = same_.find(name);
  if (known == same_.end() || !counts_[known->second].is_live) {
    counts_.push_back(std::move(count));
    return same_[name] = counts_.size() - 1;
  }
  Count& same = counts_[known->second];
  for (const Recipient* r : count.whose) same.whose.push_back(r);
  same.of_message = same.of_message || count.of_message;
  return known->second;
}

void LimitBook::counts_for(const Transaction& t, std::size_t index, std::vector<std::size_t>& counts) {
  const Entry& entry = entries_[index];
  const Unit unit = limit_of(entry.limit).unit;
  Count count{.entry = index};
  count.of_message = entry.recipient == nullptr;
  if (entry.recipient != nullptr) count.whose.push_back(entry.recipient);
  if (unit == Unit::refused_recipients) count.counts = false;
  if (unit == Unit::bytes) count.amount = static_cast<std::int64_t>(t.header_bytes + t.body_bytes);
  if (!counts_each(unit) || entry.recipient != nullptr) {
    if (limits::counts_values(unit)) count.value = address_key(*entry.recipient);
    counts.push_back(add(std::move(count)));
    return;
  }
  count.amount = 0;
  for (const RecipientState& r : t.recipients) {
    if (!r.accepted()) continue;
    ++count.amount;
    if (!limits::counts_values(unit)) continue;
    count.amount = 1;
    count.value = address_key(*r.recipient);
    counts.push_back(add(count));
  }
  if (!limits::counts_values(unit)) counts.push_back(add(std::move(count)));
}

limits::Demand LimitBook::demand_of(const Count& count) const {
  const Entry& entry = entries_[count.entry];
  const limits::Limit& limit = limit_of(entry.limit);
  return {.limit = limit.name,
          .key = entry.key,
          .unit = limit.unit,
          .allow = entry.allow,
          .amount = count.amount,
          .value = count.value,
          .near = limit.near,
          .fallback = limit.fallback};
}

bool LimitBook::is_remembered(Entry& entry) const {
  const limits::Limit& limit = limit_of(entry.limit);
  if (limit.unit != Unit::connections) return false;
  for (const ConnectionCounts::Counted& counted : connection_.counted) {
    if (counted.limit == limit.name && counted.key == entry.key) entry.finding = counted.finding;
  }
  return entry.finding.has_value();
}

void LimitBook::reserve(const Transaction& t, const std::vector<std::size_t>& counts, const Deadline& deadline) {
  std::vector<limits::Demand> demands;
  demands.reserve(counts.size());
  for (const std::size_t c : counts) demands.push_back(demand_of(counts_[c]));
  std::vector<Answer> answers(demands.size());
  std::vector<limits::Hold> holds;
  holds.reserve(counts.size());
  ledger_->reserve(demands, answers, holds, deadline);
  for (std::size_t i = 0; i < counts.size(); ++i) counts_[counts[i]].answer = answers[i];
  for (limits::Hold& hold : holds) {
    Count& count = counts_[counts[hold.demand]];
    if (!counts_at_once(limit_of(count).unit)) {
      count.hold = std::move(hold);
      count.since = t.now;
      continue;
    }
    ledger_->commit({&hold, 1});
    count.counts = false;
  }
}

void LimitBook::look(const std::vector<std::size_t>& counts, const Deadline& deadline) {
  std::vector<limits::Demand> demands;
  demands.reserve(counts.size());
  for (const std::size_t c : counts) demands.push_back(demand_of(counts_[c]));
  std::vector<Answer> answers(demands.size());
  ledger_->look(demands, answers, deadline);
  for (std::size_t i = 0; i < counts.size(); ++i) counts_[counts[i]].answer = answers[i];
}

// What this message holds of the same account.
std::int64_t LimitBook::held(const Count& count) const {
  const Entry& entry = entries_[count.entry];
  std::int64_t sum = 0;
  for (const Count& other : counts_) {
    const Entry& of = entries_[other.entry];
    if (other.hold && of.limit == entry.limit && of.key == entry.key) sum += other.hold->cost;
  }
  return sum;
}

void LimitBook::answer(const Transaction& t, Entry& entry, std::span<const std::size_t> counts) {
  const limits::Limit& limit = limit_of(entry.limit);
  for (const std::size_t c : counts) {
    const Count& count = counts_[c];
    const std::int64_t own = count.answer.kind == Answer::Kind::over ? held(count) : 0;
    const Entry& counted = entries_[count.entry];
    Finding finding =
        limit_finding({limit, counted.key, counted.allow, count.answer, own, entry.stands_in}, t.unix_time);
    if (!entry.finding || limit_gravity(finding) > limit_gravity(*entry.finding)) entry.finding = std::move(finding);
  }
  if (!entry.finding) entry.finding = limit_off();
  const bool is_told = entry.finding->outcome->failure == Failure::no;
  if (limit.unit == Unit::connections && is_told && connection_.counted.size() < kMostKeysOfAConnection)
    connection_.counted.push_back({limit.name, entry.key, *entry.finding});
}

void LimitBook::ask(Transaction& t, RecipientState* recipient, Stage stage, const Deadline& deadline) {
  if (asking_) return;  // a limit rests on no limit
  asking_ = true;
  count(t, targets(t, recipient, stage), stage, deadline);
  asking_ = false;
}

void LimitBook::count_at_once(Transaction& t, Stage stage, const Deadline& deadline) {
  const auto is_one = [](const limits::Limit& limit) { return counts_at_once(limit.unit); };
  if (asking_ || std::none_of(policy_.limits.begin(), policy_.limits.end(), is_one)) return;
  std::vector<Target> due = targets(t, nullptr, stage);
  std::erase_if(due,
                [&](const Target& target) { return !counts_at_once(limit_of(entries_[target.entry].limit).unit); });
  if (!due.empty()) count(t, std::move(due), stage, deadline);
}

void LimitBook::count(Transaction& t, std::vector<Target> due, Stage stage, const Deadline& deadline) {
  settle(t, due, stage, deadline, true);
  struct Asked {
    std::size_t entry, first, last;  // the last: behind them
  };
  std::vector<Asked> asked;
  std::vector<std::size_t> counts, reserved, looked;
  asked.reserve(due.size());
  counts.reserve(due.size());
  reserved.reserve(due.size());
  std::size_t seen = counts_.size();
  for (const Target& target : due) {
    Entry& entry = entries_[target.entry];
    if (is_remembered(entry)) continue;
    if (ledger_ == nullptr) {
      entry.finding = limit_unavailable("nothing counts here");
      continue;
    }
    const std::size_t first = counts.size();
    counts_for(t, target.entry, counts);
    for (; seen < counts_.size(); ++seen) (counts_[seen].counts ? reserved : looked).push_back(seen);
    asked.push_back({target.entry, first, counts.size()});
  }
  if (!reserved.empty()) reserve(t, reserved, deadline);
  if (!looked.empty()) look(looked, deadline);
  for (const auto& [entry, first, last] : asked)
    answer(t, entries_[entry], std::span(counts).subspan(first, last - first));
}

void LimitBook::renew(Transaction& t, SteadyTime now, const Deadline& deadline) {
  if (ledger_ == nullptr) return;
  std::vector<limits::Hold> old;
  std::vector<std::size_t> again;
  for (std::size_t c = 0; c < counts_.size(); ++c) {
    if (!counts_[c].hold || now - counts_[c].since < ledger_->lease() / 2) continue;
    old.push_back(*std::exchange(counts_[c].hold, std::nullopt));
    again.push_back(c);
  }
  if (again.empty()) return;
  ledger_->release(old);
  t.now = now;
  reserve(t, again, deadline);
  std::set<std::pair<std::size_t, std::string>> told;  // a long message has many of one limit and key
  for (const std::size_t c : again) {
    if (counts_[c].answer.kind != Answer::Kind::over) continue;
    const Entry& counted = entries_[counts_[c].entry];
    if (!told.emplace(counted.limit, counted.key).second) continue;
    for (Entry& entry : entries_) {
      if (entry.limit == counted.limit && entry.key == counted.key && entry.finding) answer(t, entry, {&c, 1});
    }
  }
}

bool LimitBook::is_over_for(const Recipient& recipient) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& e) { return e.recipient == &recipient && e.finding && is_over(*e.finding); });
}

void LimitBook::recipient_is_refused(const Recipient& recipient) {
  std::vector<limits::Hold> given_back;
  for (Count& count : counts_) {
    if (std::erase(count.whose, &recipient) == 0 || count.of_message || !count.whose.empty()) continue;
    count.is_live = false;
    if (count.answer.kind == Answer::Kind::over && ledger_ != nullptr)
      ledger_->note_refused(limit_of(count).name, entries_[count.entry].key);
    if (count.hold) given_back.push_back(*std::exchange(count.hold, std::nullopt));
  }
  if (ledger_ != nullptr && !given_back.empty()) ledger_->release(given_back);
}

void LimitBook::note_miss(Transaction& t, RecipientState& recipient) {
  if (ledger_ == nullptr) return;
  for (std::size_t limit = 0; limit < policy_.limits.size(); ++limit) {
    if (limit_of(limit).unit != Unit::refused_recipients) continue;
    const bool scoped = check_of(limit).scope == Scope::recipient;
    const Recipient* const whose = scoped ? recipient.recipient.get() : nullptr;
    std::vector<Target> target{{entry_of(limit, whose, entries_of(whose)), &recipient}};
    const std::size_t index = target.front().entry;
    if (entries_[index].allow.empty() && !entries_[index].finding) {
      settle(t, target, Stage::recipient, Deadline(SteadyTime()), false);
      entries_[index].waited_at.reset();  // nobody has waited
    }
    if (entries_[index].allow.empty()) continue;
    const limits::Demand demand = demand_of({.entry = index});
    ledger_->charge({&demand, 1});
  }
}

void LimitBook::take(Transaction& t, const Deadline& deadline) {
  if (ledger_ == nullptr) return;
  std::vector<Target> open = targets(t, nullptr, Stage::end);
  settle(t, open, Stage::end, deadline, true);
  std::vector<std::size_t> added;
  for (const Target& target : open) {
    if (!counts_at_once(limit_of(entries_[target.entry].limit).unit)) counts_for(t, target.entry, added);
  }
  std::vector<limits::Hold> used, given_back;
  std::vector<limits::Demand> untested;
  used.reserve(counts_.size());
  for (Count& count : counts_) {
    if (!count.counts || !count.is_live || limit_of(count).unit == Unit::connections) continue;
    const bool is_used = count.of_message || !count.whose.empty();
    if (count.hold)
      (is_used ? used : given_back).push_back(*std::exchange(count.hold, std::nullopt));
    else if (is_used)
      untested.push_back(demand_of(count));
  }
  if (!used.empty()) ledger_->commit(used);
  if (!untested.empty()) ledger_->charge(untested);
  if (!given_back.empty()) ledger_->release(given_back);
  counts_.clear();
}

void LimitBook::refuse() {
  if (ledger_ == nullptr) return;
  std::vector<limits::Hold> given_back;
  for (Count& count : counts_) {
    if (count.hold) given_back.push_back(*std::exchange(count.hold, std::nullopt));
    if (count.is_live && count.answer.kind == Answer::Kind::over)
      ledger_->note_refused(limit_of(count).name, entries_[count.entry].key);
  }
  if (!given_back.empty()) ledger_->release(given_back);
  counts_.clear();
}

std::vector<LimitBook::Told> LimitBook::told() const {
  std::vector<Told> told;
  told.reserve(policy_.limits.size());
  for (std::size_t limit = 0; limit < policy_.limits.size(); ++limit) {
    const Finding* gravest = nullptr;
    for (const Entry& entry : entries_) {
      if (entry.limit != limit || !entry.finding) continue;
      // Of equal ones the last: it has the others in its number.
      if (gravest == nullptr || limit_gravity(*entry.finding) >= limit_gravity(*gravest)) gravest = &*entry.finding;
    }
    if (gravest != nullptr) told.push_back({policy_.rules->limits()[limit].check, gravest});
  }
  return told;
}

}  // namespace postern
