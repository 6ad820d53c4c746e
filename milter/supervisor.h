#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace postern {

/// Tells the service manager how we are (sd_notify). Without one (NOTIFY_SOCKET unset) nothing happens.
namespace supervisor {

void ready(const std::string& status);
/// RELOADING=1 with its time; ready() ends it.
void reloading();
void stopping();
void alive();
/// How often alive() is expected (WatchdogSec=), nothing when it is not.
std::optional<std::chrono::milliseconds> watchdog();

}  // namespace supervisor

}  // namespace postern
