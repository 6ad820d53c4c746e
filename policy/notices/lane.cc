#include "policy/notices/lane.h"

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/notices/quiet_thread.h"

namespace postern::notices {

Lane::Lane(std::unique_ptr<Way> way, const char* thread_name, Options options, Counters& counters, Log& log)
    : way_(std::move(way)),
      options_(std::move(options)),
      log_(log),
      told_(counters.get("notices.told")),
      failed_(counters.get("notices.failed")),
      dropped_(counters.get("notices.dropped")),
      thread_(quiet_thread(thread_name, [this] { work(); })) {}

Lane::~Lane() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  for (const auto& [due, job] : waiting_) log_of(job, false, "not told before the end");
}

std::size_t Lane::take(const std::shared_ptr<Telling>& telling) {
  const std::vector<std::string> addressees = way_->addressees(telling->notice().incident);
  for (const std::string& addressee : addressees) {
    Job job{.telling = telling, .addressee = addressee, .tries = 0};
    bool taken = false;
    {
      const std::lock_guard lock(mutex_);
      taken = waiting_.size() < options_.most_waiting;
      if (taken) waiting_.emplace(std::chrono::steady_clock::now(), job);
    }
    if (taken) {
      changed_.notify_one();
    } else {
      dropped_.add();
      log_of(job, false, "too many wait");
    }
  }
  return addressees.size();
}

void Lane::work() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (first->first > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, SteadyTime(first->first));
      continue;
    }
    Job job = std::move(first->second);
    waiting_.erase(first);
    lock.unlock();
    run(std::move(job));
    lock.lock();
  }
}

Attempt Lane::attempt(const Job& job) {
  try {
    return way_->tell(job.telling->notice(), job.addressee, std::chrono::steady_clock::now() + options_.patience);
  } catch (const std::exception& error) {
    return {Attempt::Kind::refused, error.what()};
  }
}

void Lane::run(Job job) {
  const Attempt made = attempt(job);
  ++job.tries;
  if (made.kind == Attempt::Kind::told) {
    told_.add();
    job.telling->is_told();
    log_of(job, true, {});
    return;
  }
  if (made.kind == Attempt::Kind::again && job.tries <= options_.retry_after.size()) {
    if (job.tries == 1) log_of(job, false, made.problem + "; it is tried again");
    const SteadyTime next = std::chrono::steady_clock::now() + options_.retry_after[job.tries - 1];
    const std::lock_guard lock(mutex_);
    // It waited before: what has come since does not push it out.
    waiting_.emplace(next, std::move(job));
    return;
  }
  failed_.add();
  log_of(job, false, made.problem);
}

void Lane::log_of(const Job& job, bool ok, const std::string& reason) {
  const Incident& incident = job.telling->notice().incident;
  Event event{.name = "notify", .level = ok ? LogLevel::info : LogLevel::warning, .fields = {}};
  event.add("way", std::string(way_->name())).add("to", job.addressee).add("ok", ok);
  event.add("rule", incident.rule).add("key", incident.key).add("id", incident.id);
  event.add("tries", static_cast<std::int64_t>(job.tries));
  if (!ok) event.add("reason", reason);
  log_.write(event);
}

}  // namespace postern::notices
