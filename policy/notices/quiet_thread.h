#pragma once

#include <functional>
#include <thread>

namespace postern::notices {

/// A thread that no signal comes to, SIGPIPE of its own among them: libraries write to connections that have died. `name`
/// has at most 15 bytes.
std::thread quiet_thread(const char* name, std::function<void()> work);

}  // namespace postern::notices
