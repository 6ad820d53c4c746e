#include "tests/bench/behaviour/simulation.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "policy/base/counters.h"
#include "policy/limits/memory_ledger.h"
#include "tests/support/fake_clock.h"

namespace postern::bench {

using limits::Behaviour;
using limits::BehaviourSettings;
using limits::Judgement;
using limits::Level;

namespace {

constexpr int kPast = 63;  // days that an account has behind it: longer than acquaintances last, whole weeks
const Deadline kWhenever{SteadyTime::max()};

/// CPU time of this thread: the machine may have other work.
double cpu_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// An account, and all that Postern keeps of it.
class Account {
 public:
  Account(const BehaviourSettings& settings, Person& person, bool places)
      : behaviour_(settings, ledger_), places_(places), subject_{.name = person.login()} {}

  /// What was found of the recipients of a message, each asked for before it is taken, as the MTA does.
  struct Outcome {
    Level level = Level::normal;
    int taken = 0;  ///< before it was suspicious
    Judgement at;   ///< of the gravest
  };
  Outcome send(const Mail& mail, bool judge) {
    until(mail.minute);
    limits::Circumstances where = mail.where;
    if (!places_) where.country = where.asn = {};
    Outcome out;
    std::vector<std::string> pending;
    for (const To& to : mail.to) {
      if (judge) {
        const double began = cpu_ns();
        Judgement j = behaviour_.judge(subject_, where, to.address, pending, kWhenever);
        spent += cpu_ns() - began;
        ++judged;
        if (j.level > out.level) {
          out.level = j.level;
          out.at = std::move(j);
        }
        if (out.level == Level::suspicious) return out;  // frozen: the message is not taken
      }
      if (to.refused) {
        behaviour_.refused(subject_);
      } else {
        pending.push_back(to.address);
        ++out.taken;
      }
    }
    if (!pending.empty())
      behaviour_.sent(subject_, where, {.recipients = pending, .subject = mail.subject, .body = mail.body}, kWhenever);
    return out;
  }

  double spent = 0;  ///< ns
  std::uint64_t judged = 0;

 private:
  void until(double minute) {
    const auto at = std::chrono::milliseconds(static_cast<std::int64_t>(minute * 60'000));
    if (at > now_) clock_.advance(at - now_);
    now_ = std::max(at, now_);
  }

  test::FakeClock clock_;
  std::chrono::milliseconds now_{0};
  Counters counters_;
  limits::MemoryLedger ledger_{{}, clock_, counters_, nullptr};
  Behaviour behaviour_;
  bool places_;
  limits::Subject subject_;
};

std::string signs_of(const Judgement& j) {
  std::string out;
  for (const limits::Sign& s : j.signs) out += (out.empty() ? "" : " ") + std::string(s.name);
  return out;
}

struct Work {
  const BehaviourSettings& settings;
  const Size& size;
  bool places;
  Results& out;

  void tell(const Account& account) const {
    out.judged += account.judged;
    out.judge_ns += account.spent;
  }
  void live(Kind kind, std::uint64_t seed) const {
    Person person(kind, seed);
    Account account(settings, person, places);
    NormalResult& result = out.normal[static_cast<std::size_t>(kind)];
    const int past = kind == Kind::new_hire ? 0 : kPast;
    for (int day = 0; day < past + size.days; ++day) {
      Account::Outcome worst;
      for (const Mail& mail : person.day(day)) {
        Account::Outcome o = account.send(mail, day >= past);
        if (o.level > worst.level) worst = std::move(o);
        if (worst.level == Level::suspicious) break;  // the day is spoilt; somebody releases the account for the next
      }
      if (day < past) continue;
      ++result.days;
      result.unusual += worst.level != Level::normal ? 1 : 0;
      result.disturbed += worst.level == Level::suspicious ? 1 : 0;
      if (worst.level == Level::suspicious) ++result.signs[signs_of(worst.at)];
    }
    tell(account);
  }
  void steal(Attack attack, std::uint64_t seed) const {
    Dice dice(seed);
    const Kind kind = victim(attack, dice);
    Person person(kind, dice.next());
    Account account(settings, person, places);
    const int past = kind == Kind::new_hire ? dice.number(1, 6) : kPast + dice.number(0, 6);
    for (int day = 0; day < past; ++day) {
      for (const Mail& mail : person.day(day)) account.send(mail, false);
    }
    const std::vector<Mail> bad = mails(attack, person, kMinutesOfDay * (past + dice.part()));
    AttackResult result;
    std::size_t next = 0;
    for (int day = past; next < bad.size() && !result.caught; ++day) {
      std::vector<Mail> today = person.day(day);
      const std::size_t own = today.size();
      std::vector<std::pair<const Mail*, bool>> order;
      for (std::size_t i = 0; i < own; ++i) order.emplace_back(&today[i], false);
      for (; next < bad.size() && bad[next].minute < kMinutesOfDay * (day + 1); ++next)
        order.emplace_back(&bad[next], true);
      std::stable_sort(order.begin(), order.end(),
                       [](const auto& a, const auto& b) { return a.first->minute < b.first->minute; });
      bool begun = day > past;
      for (const auto& [mail, is_bad] : order) {
        begun = begun || is_bad;
        Account::Outcome o = account.send(*mail, begun);
        if (is_bad) result.served += o.taken;
        if (o.level != Level::suspicious) continue;
        result.caught = true;
        ++result.signs[signs_of(o.at)];
        break;
      }
    }
    out.attacks[static_cast<std::size_t>(attack)].push_back(result);
    tell(account);
  }
};

void add(std::map<std::string, int>& to, const std::map<std::string, int>& from) {
  for (const auto& [name, n] : from) to[name] += n;
}

void add(Results& to, const Results& from) {
  for (std::size_t k = 0; k < to.normal.size(); ++k) {
    to.normal[k].days += from.normal[k].days;
    to.normal[k].unusual += from.normal[k].unusual;
    to.normal[k].disturbed += from.normal[k].disturbed;
    add(to.normal[k].signs, from.normal[k].signs);
  }
  for (std::size_t a = 0; a < to.attacks.size(); ++a)
    to.attacks[a].insert(to.attacks[a].end(), from.attacks[a].begin(), from.attacks[a].end());
  to.judged += from.judged;
  to.judge_ns += from.judge_ns;
}

}  // namespace

Results simulate(const BehaviourSettings& settings, const Size& size, std::uint64_t seed, bool places) {
  Dice seeds(seed);
  std::vector<std::pair<int, std::uint64_t>> jobs;  // kinds, then attacks
  for (int i = 0; i < size.accounts; ++i) {
    for (int kind = 0; kind < kKinds; ++kind) jobs.emplace_back(kind, seeds.next());
  }
  for (int i = 0; i < size.runs; ++i) {
    for (int attack = 0; attack < kAttacks; ++attack) jobs.emplace_back(kKinds + attack, seeds.next());
  }
  const unsigned workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<Results> parts(workers);
  {
    std::vector<std::jthread> threads;
    for (unsigned w = 0; w < workers; ++w) {
      threads.emplace_back([&, w] {
        const Work work{settings, size, places, parts[w]};
        for (std::size_t i = w; i < jobs.size(); i += workers) {
          const auto [what, of] = jobs[i];
          if (what < kKinds) {
            work.live(static_cast<Kind>(what), of);
          } else {
            work.steal(static_cast<Attack>(what - kKinds), of);
          }
        }
      });
    }
  }
  Results out;
  for (const Results& part : parts) add(out, part);
  if (out.judged > 0) out.judge_ns /= static_cast<double>(out.judged);
  return out;
}

}  // namespace postern::bench
