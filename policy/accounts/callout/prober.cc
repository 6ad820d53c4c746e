#include "policy/accounts/callout/prober.h"

#include <exception>

namespace postern::callout {

namespace {

Verdict unknown(Cause cause, std::string reason) {
  Verdict verdict;
  verdict.cause = cause;
  verdict.reason = std::move(reason);
  verdict.late = cause == Cause::late;
  return verdict;
}

}  // namespace

Prober::~Prober() { interrupt_.raise(); }

std::size_t Prober::under_way() const {
  return flights_.with([](const Flights& flights) { return flights.by_key.size(); });
}

std::shared_ptr<Prober::Flight> Prober::take_off(const std::string& key, const std::string& group, Work work) {
  bool is_new = false;
  const std::shared_ptr<Flight> flight = flights_.with([&](Flights& flights) -> std::shared_ptr<Flight> {
    if (const auto found = flights.by_key.find(key); found != flights.by_key.end()) return found->second;
    std::size_t& of_group = flights.groups[group];
    if (of_group >= options_.per_group) return nullptr;
    ++of_group;
    is_new = true;
    return flights.by_key.emplace(key, std::make_shared<Flight>()).first->second;
  });
  if (!is_new) return flight;
  if (pool_.threads() == 0) {
    fly(key, group, work, *flight);
  } else if (!pool_.start([this, key, group, flight, work = std::move(work)] { fly(key, group, work, *flight); })) {
    land(key, group, *flight, unknown(Cause::busy, "too many addresses wait to be asked about"));
  }
  return flight;
}

void Prober::fly(const std::string& key, const std::string& group, const Work& work, Flight& flight) {
  running_.with([](std::size_t& n) { ++n; });
  Verdict verdict;
  try {
    verdict = work(std::chrono::steady_clock::now() + options_.hard);
  } catch (const std::exception& problem) {  // STYLE: exceptions end in pool threads
    verdict = unknown(Cause::unclear, problem.what());
  }
  running_.with([](std::size_t& n) { --n; });
  land(key, group, flight, std::move(verdict));
}

void Prober::land(const std::string& key, const std::string& group, Flight& flight, Verdict verdict) {
  flights_.with([&](Flights& flights) {
    flights.by_key.erase(key);
    const auto of_group = flights.groups.find(group);
    if (--of_group->second == 0) flights.groups.erase(of_group);
  });
  {
    const std::lock_guard lock(flight.mutex);
    flight.verdict = std::move(verdict);
  }
  flight.landed.notify_all();
}

Verdict Prober::ask(const std::string& key, const std::string& group, Work work, const Deadline& deadline) {
  const std::shared_ptr<Flight> flight = take_off(key, group, std::move(work));
  if (!flight) return unknown(Cause::busy, "as many addresses of the domain as may be are asked about already");
  std::unique_lock lock(flight->mutex);
  if (!deadline.wait(lock, flight->landed, [&] { return flight->verdict.has_value(); }))
    return unknown(Cause::late, "no answer yet");
  return *flight->verdict;
}

void Prober::start(const std::string& key, const std::string& group, Work work) {
  take_off(key, group, std::move(work));
}

}  // namespace postern::callout
