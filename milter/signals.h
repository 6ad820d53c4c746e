#pragma once

#include <chrono>

namespace postern {

/// What a process signal asks of the daemon.
enum class Signal { none, reload, stop };

/// Takes HUP, TERM, INT and the end of children out of everybody's way; to be called in main before any thread starts.
/// From then on only wait_for_signal() sees them: libmilter's own thread, which would take HUP for "stop" (PLATFORM 2),
/// waits for ever.
void own_signals();

/// The next signal, or none when `patience` is over. For the main thread alone.
Signal wait_for_signal(std::chrono::milliseconds patience);

}  // namespace postern
