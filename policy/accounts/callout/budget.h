#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "policy/base/clock.h"
#include "policy/base/ip.h"
#include "policy/store/store.h"

namespace postern::callout {

/// Counts probes in the store, so that a restart forgets none. Thread-safe.
class Budget {
 public:
  Budget(store::Store& store, std::int64_t per_day, std::int64_t per_client_and_hour)
      : store_(store), per_day_(per_day), per_client_and_hour_(per_client_and_hour) {}

  /// One more of this day (UTC). False, and not counted, where there have been enough.
  bool takes_one(WallTime now);
  /// One more for a client's network, /24 or /64, in this hour.
  bool takes_one_for(const IpAddress& client, WallTime now);
  /// Nobody was asked after all.
  void give_back(const std::optional<IpAddress>& client, WallTime now);
  std::int64_t today(WallTime now) const;

 private:
  bool takes(const std::string& key, std::int64_t most, WallTime expires);

  store::Store& store_;
  const std::int64_t per_day_;
  const std::int64_t per_client_and_hour_;
};

}  // namespace postern::callout
