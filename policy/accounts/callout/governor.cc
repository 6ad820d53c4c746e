#include "policy/accounts/callout/governor.h"

namespace postern::callout {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostHosts = 10'000;  // local
constexpr auto kWindow = 1min;
constexpr auto kPlainFor = 24h;  // local: a host whose TLS is broken stays so for some time

void forget_old(std::deque<SteadyTime>& begun, SteadyTime now) {
  while (!begun.empty() && begun.front() + kWindow <= now) begun.pop_front();
}

}  // namespace

Governor::Host* Governor::host_of(const IpAddress& address, SteadyTime now) {
  if (const auto found = hosts_.find(address); found != hosts_.end()) return &found->second;
  if (hosts_.size() >= kMostHosts) {
    std::erase_if(hosts_, [&](const auto& entry) {
      const Host& host = entry.second;
      return host.running == 0 && !host.awaited && (host.begun.empty() || host.begun.back() + kWindow <= now);
    });
    if (hosts_.size() >= kMostHosts) return nullptr;
  }
  return &hosts_[address];
}

Governor::Admission Governor::admit(const IpAddress& address, SteadyTime until) {
  std::unique_lock lock(mutex_);
  Host* host = host_of(address, clock_.now());
  if (host == nullptr) return {std::nullopt, Refusal::too_many_hosts};
  if (host->running >= limits_.at_once) {
    if (host->awaited) return {std::nullopt, Refusal::busy};
    host->awaited = true;  // and so it is not forgotten meanwhile
    changed_.wait_until(lock, until, [&] { return closed_ || host->running < limits_.at_once; });
    host->awaited = false;
    if (closed_ || host->running >= limits_.at_once) return {std::nullopt, Refusal::busy};
  }
  const SteadyTime now = clock_.now();
  forget_old(host->begun, now);
  forget_old(begun_, now);
  if (host->begun.size() >= limits_.per_host_and_minute) return {std::nullopt, Refusal::host_rate};
  if (begun_.size() >= limits_.per_minute) return {std::nullopt, Refusal::overall_rate};
  host->begun.push_back(now);
  begun_.push_back(now);
  ++host->running;
  return {Permit(*this, address), Refusal::none};
}

void Governor::release(const IpAddress& address) {
  {
    const std::lock_guard lock(mutex_);
    --hosts_[address].running;
  }
  changed_.notify_all();
}

void Governor::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void Governor::note_tls_failed(const IpAddress& address) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  if (Host* host = host_of(address, now)) host->plain_until = now + kPlainFor;
}

bool Governor::avoids_tls(const IpAddress& address) const {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(address);
  return found != hosts_.end() && clock_.now() < found->second.plain_until;
}

std::string_view name(Governor::Refusal refusal) {
  switch (refusal) {
    case Governor::Refusal::none: return "";
    case Governor::Refusal::busy: return "the host is being asked already";
    case Governor::Refusal::host_rate: return "too many connections to the host in a minute";
    case Governor::Refusal::overall_rate: return "too many connections in a minute";
    case Governor::Refusal::too_many_hosts: return "too many hosts at once";
  }
  return "";
}

}  // namespace postern::callout
