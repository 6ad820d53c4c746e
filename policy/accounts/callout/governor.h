#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "policy/base/clock.h"
#include "policy/base/ip.h"

namespace postern::callout {

/// Spares the hosts that are asked (FAULTS T46): so many connections at one time and in any minute to one host, and so
/// many in any minute to all. Knows hosts by their address. Thread-safe.
class Governor {
 public:
  struct Limits {
    std::size_t at_once = 1;  ///< to one host
    std::size_t per_host_and_minute = 20;
    std::size_t per_minute = 600;
  };
  Governor(const Limits& limits, Clock& clock) : limits_(limits), clock_(clock) {}

  /// One connection, counted until it goes.
  class Permit {
   public:
    Permit(Governor& governor, const IpAddress& host) : governor_(&governor), host_(host) {}
    Permit(Permit&& other) noexcept : governor_(other.governor_), host_(other.host_) { other.governor_ = nullptr; }
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (governor_ != nullptr) governor_->release(host_);
    }

   private:
    Governor* governor_;
    IpAddress host_;
  };

  enum class Refusal {
    none,
    busy,            ///< as many connections as may be, and somebody waits for the next one already
    host_rate,       ///< too many in a minute
    overall_rate,    ///< … to all hosts
    too_many_hosts,  ///< more than can be kept apart
  };
  struct Admission {
    std::optional<Permit> permit;
    Refusal refusal = Refusal::none;
  };
  /// A permit, for which it waits until `until` where the host is only busy.
  Admission admit(const IpAddress& host, SteadyTime until);
  /// Lets nobody wait any more.
  void close();

  /// TLS with this host failed: for a while it is spoken to in plain text.
  void note_tls_failed(const IpAddress& host);
  bool avoids_tls(const IpAddress& host) const;

 private:
  struct Host {
    std::size_t running = 0;
    bool awaited = false;
    std::deque<SteadyTime> begun;  // in the last minute
    SteadyTime plain_until{};
  };
  void release(const IpAddress& host);
  Host* host_of(const IpAddress& address, SteadyTime now);

  const Limits limits_;
  Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<IpAddress, Host> hosts_;
  std::deque<SteadyTime> begun_;
  bool closed_ = false;
};

std::string_view name(Governor::Refusal refusal);

}  // namespace postern::callout
