#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "milter/reload.h"
#include "policy/base/clock.h"
#include "policy/dns/health.h"
#include "policy/store/store.h"

namespace postern {

/// How the daemon is, at one moment.
struct Status {
  std::string version;
  std::int64_t pid = 0;
  WallTime started;
  std::uint64_t generation = 0;
  std::string mode;  ///< "enforce" or "monitor"
  WallTime policy_since;
  std::int64_t sessions = 0;
  bool draining = false;
  bool served = true;  ///< libmilter gives signs of life
  dns::Health dns;
  store::Health store;
  std::vector<Reloader::DirectoryState> directories;
  std::map<std::string, std::int64_t> counters;
  Reloader::Report last_reload;
};

/// One line of JSON, stable for programs: see docs/operations.md.
std::string status_json(const Status& status, WallTime now);
/// The answer to `reload`: {"ok":…,"generation":…,"problems":[…],"needs_restart":[…]}.
std::string reload_json(const Reloader::Report& report);
/// What status_json() or reload_json() made, as a person reads it. A text that is neither comes back as it is.
std::string status_text(const std::string& json);
std::string reload_text(const std::string& json);
/// Whether reload_json() said "ok".
bool reload_succeeded(const std::string& json);

}  // namespace postern
