#include "tests/session/stage.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "policy/engine/decision_record.h"

namespace postern::session {

namespace {

// Of the callback that this thread is in: decisions are told on it.
thread_local std::vector<std::string>* told_decisions = nullptr;

std::string word(const DecisionRecord& record) {
  if (record.end == DecisionRecord::End::aborted) return "aborted";
  std::string out(rules::name(record.action));
  if (record.reply) out += " " + record.reply->code_text() + " " + record.reply->status_text();
  if (!record.rule.empty()) out += " by " + record.rule;
  return out;
}

// One session on its way.
struct Playing {
  Playing(const Script& s, const std::vector<TestPolicy>& p, Tampering tampering)
      : script(s), policies(p), dialogue(tampering) {}
  const Script& script;
  const std::vector<TestPolicy>& policies;
  Dialogue dialogue;
  std::size_t at = 0;
  std::string failure;

  bool is_over() const { return at == script.lines.size() || !failure.empty(); }

  void next() {
    const Script::Line& line = script.lines[at++];
    std::vector<std::string> decisions;
    told_decisions = &decisions;
    Told told = dialogue.say(line.event);
    told_decisions = nullptr;
    told.decisions = std::move(decisions);
    if (told == line.expected && dialogue.broken_laws().empty()) return;
    const auto said = [this](const Script::Line& l) {
      return "  [" + policies[l.in_force].name + "] " + l.event.text();
    };
    for (std::size_t i = 0; i + 1 < at; ++i)
      failure += said(script.lines[i]) + " -> " + script.lines[i].expected.text() + "\n";
    failure += said(line) + "\n    expected " + line.expected.text() + "\n    got      " + told.text() + "\n";
    for (const std::string& law : dialogue.broken_laws()) failure += "    broken: " + law + "\n";
  }
};

// Sessions that wait for a thread, as in libmilter's pool.
class Queue {
 public:
  explicit Queue(std::size_t sessions) : open_(sessions) {
    for (std::size_t i = 0; i < sessions; ++i) waiting_.push_back(i);
  }
  // Nothing: all are over.
  std::optional<std::size_t> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty() || open_ == 0; });
    if (open_ == 0) return std::nullopt;
    const std::size_t session = waiting_.front();
    waiting_.pop_front();
    return session;
  }
  void give_back(std::size_t session, bool over) {
    {
      const std::lock_guard lock(mutex_);
      if (over)
        --open_;
      else
        waiting_.push_back(session);
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::size_t> waiting_;
  std::size_t open_;
};

}  // namespace

Stage::Stage(std::size_t evidence_threads) : policies_(test_policies()), evidence_threads_(evidence_threads) {
  auto zone = dns::ZoneResolver::parse("zone", kZone);
  if (!zone) throw std::runtime_error(zone.error().message);
  zone_ = std::move(zone).value();
  if (!register_callbacks()) throw std::runtime_error("callbacks are not taken");
  set({});
}

Stage::~Stage() { settle(); }

void Stage::settle() {
  pool_.reset();
  if (gate_) detach();
  gate_.reset();
}

void Stage::set(const Weather& weather, const std::set<std::string, std::less<>>& left_out) {
  settle();
  lines_ = {};
  log_ = std::make_unique<Log>(LogForm::logfmt, lines_);
  counters_ = std::make_unique<Counters>();
  pool_ = std::make_unique<Pool>("evidence", evidence_threads_, 100);
  services_.reset(new Services{clock_, *log_, *counters_, *zone_, *pool_, [](const DecisionRecord& record) {
                                 if (told_decisions != nullptr) told_decisions->push_back(word(record));
                               }});
  in_force_ = std::make_unique<PolicyInForce>(policies_[0].compiled, clock_.wall());
  now_in_force_ = 0;
  admission_ = std::make_unique<Admission>(*counters_);
  admission_->limit(weather.no_sessions ? 0 : 100'000, weather.no_callbacks ? 0 : 100'000);
  TestSwitches test;
  test.left_out = left_out;
  gate_.reset(new Gate{.services = *services_,
                       .policy = *in_force_,
                       .admission = *admission_,
                       .test = test,
                       .fault = FaultPlan(weather.failing_step)});
  gate_->draining = weather.draining;
  edits_until_failure_ = weather.edits_until_failure;
  attach(*gate_);
}

void Stage::swap_to(std::size_t policy) {
  if (policy == now_in_force_) return;
  in_force_->replace(policies_[policy].compiled, clock_.wall());
  now_in_force_ = policy;
}

std::vector<std::string> Stage::hold(const std::vector<Script>& scripts, unsigned threads, Tampering tampering) {
  std::vector<std::unique_ptr<Playing>> sessions;
  for (const Script& script : scripts) {
    sessions.push_back(std::make_unique<Playing>(script, policies_, tampering));
    sessions.back()->dialogue.fail_edits_after(edits_until_failure_);
  }
  Queue queue(sessions.size());
  const auto work = [&](bool alone) {
    while (const auto index = queue.take()) {
      Playing& session = *sessions[*index];
      for (int i = 0; i < 3 && !session.is_over(); ++i) {
        if (alone) swap_to(session.script.lines[session.at].in_force);
        session.next();
      }
      queue.give_back(*index, session.is_over());
    }
  };
  if (!scripts.empty()) swap_to(scripts.front().lines.front().in_force);
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work, false);
  work(threads == 1);
  for (std::thread& other : others) other.join();
  std::vector<std::string> failures;
  for (const auto& session : sessions) {
    if (!session->failure.empty()) failures.push_back(std::move(session->failure));
  }
  return failures;
}

std::vector<std::string> Stage::hold_alone(std::span<const Event> events, std::size_t in_force) {
  swap_to(in_force);
  std::vector<std::string> decisions;
  Dialogue dialogue;
  told_decisions = &decisions;
  for (const Event& event : events) {
    const sfsistat verdict = dialogue.say(event).verdict;
    decisions.insert(decisions.end(), dialogue.broken_laws().begin(), dialogue.broken_laws().end());
    if (verdict != SMFIS_REJECT && verdict != SMFIS_TEMPFAIL) continue;
    dialogue.say({Event::Kind::close, 0});
    break;
  }
  told_decisions = nullptr;
  return decisions;
}

std::map<std::string, std::int64_t> Stage::logged() {
  std::map<std::string, std::int64_t> actions;
  for (const std::string& line : lines_) {
    if (line.rfind("event=decision ", 0) != 0) continue;
    const std::size_t at = line.find(" action=");
    if (at == std::string::npos) continue;
    ++actions[line.substr(at + 8, line.find(' ', at + 8) - at - 8)];
  }
  return actions;
}

}  // namespace postern::session
