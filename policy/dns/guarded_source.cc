#include "policy/dns/guarded_source.h"

#include <utility>
#include <vector>

#include "policy/dns/target_zone.h"

namespace postern::dns {

namespace {

constexpr std::chrono::seconds kOverdue{3};  // FAULTS T38: two tries of 1.5 s

Answer unasked(std::string problem) {
  Answer answer;
  answer.unasked = true;
  answer.problem = std::move(problem);
  return answer;
}

}  // namespace

struct GuardedSource::Numbers {
  explicit Numbers(Counters& c)
      : opened(c.get("dns.breaker.opened")),
        refused(c.get("dns.breaker.refused")),
        zone_refused(c.get("dns.zone_refused")),
        rounds(c.get("dns.canary.rounds")),
        doubts(c.get("dns.canary.failed")) {}

  Counter &opened, &refused, &zone_refused, &rounds, &doubts;
};

GuardedSource::GuardedSource(std::unique_ptr<Source> inner, const Options& options, const Clock& clock,
                             Counters& counters)
    : zone_outstanding_(options.zone_outstanding),
      clock_(clock),
      count_(std::make_unique<Numbers>(counters)),
      breaker_(options.breaker),
      canary_(
          options.canary, !options.trust_anchor.empty(), clock,
          [this](const Question& question, Done done) {
            if (!closing_) inner_->ask(question, Way::uncached, std::move(done));
          },
          [this](CanaryState state) { heard(state); }),
      inner_(std::move(inner)) {}

GuardedSource::~GuardedSource() {
  closing_ = true;
  inner_.reset();
}

void GuardedSource::ask(const Question& question, Way way, Done done) {
  const SteadyTime now = clock_.now();
  count_overdue(now);
  const std::uint64_t id = enter(target_zone(question.name), now);
  if (id == 0) {
    count_->zone_refused.add();
    return done(unasked("too many DNS questions under way for one zone"));
  }
  if (!breaker_.admits(now)) {
    leave(id);
    count_->refused.add();
    return done(unasked("the DNS servers do not answer"));
  }
  inner_->ask(question, in_doubt() ? Way::uncached : way, [this, id, done = std::move(done)](Answer answer) {
    landed(id, answer);
    done(std::move(answer));
  });
}

std::uint64_t GuardedSource::enter(std::string_view zone, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto [of_zone, added] = zones_.try_emplace(std::string(zone), 0);
  if (of_zone->second >= zone_outstanding_) return 0;
  ++of_zone->second;
  asked_.emplace(++last_, Asked{std::string(zone), now});
  return last_;
}

std::string GuardedSource::leave(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto asked = asked_.find(id);
  std::string zone = std::move(asked->second.zone);
  asked_.erase(asked);
  const auto of_zone = zones_.find(zone);
  if (--of_zone->second == 0) zones_.erase(of_zone);
  return zone;
}

void GuardedSource::landed(std::uint64_t id, Answer& answer) {
  const std::string zone = leave(id);
  if (closing_) return;
  if (answer.status == Status::tempfail)
    failed(zone, clock_.now());
  else
    breaker_.succeeded();
  if (in_doubt()) answer.trust = Trust::doubted;
}

// Silence is a failure, too: libunbound ends a dead question only after a quarter of a minute.
void GuardedSource::count_overdue(SteadyTime now) {
  std::vector<std::string> zones;
  {
    const std::lock_guard lock(mutex_);
    for (auto asked = asked_.upper_bound(overdue_); asked != asked_.end() && asked->second.at + kOverdue <= now;
         ++asked) {
      overdue_ = asked->first;
      zones.push_back(asked->second.zone);
    }
  }
  for (const std::string& zone : zones) failed(zone, now);
}

// With a canary it is the one to say: what fails may be but a stranger's dead zones.
void GuardedSource::failed(std::string_view zone, SteadyTime now) {
  if (!breaker_.failed(zone, now)) return;
  if (canary_.is_off())
    open_breaker(now);
  else
    canary_.hurry();
}

void GuardedSource::open_breaker(SteadyTime now) {
  if (breaker_.open(now)) count_->opened.add();
}

void GuardedSource::heard(CanaryState state) {
  count_->rounds.add();
  if (state != CanaryState::green) count_->doubts.add();
  if (state != CanaryState::dead) return breaker_.succeeded();
  // Servers that know but their own names look dead to it, and answer all the same.
  open_breaker(clock_.now());
}

void GuardedSource::tick() {
  count_overdue(clock_.now());
  canary_.tick();
}

Health GuardedSource::health() const {
  Health health;
  canary_.report(health);
  health.breaker_open = breaker_.is_open();
  return health;
}

}  // namespace postern::dns
