#pragma once

#include <cstddef>

namespace postern::bench {

/// What the system knows of a running process; std::runtime_error when there is none.

/// CPU time so far, all its threads.
double cpu_seconds(int pid);
/// Memory of its own and its share of what it shares, KiB.
std::size_t pss_kib(int pid);
std::size_t threads(int pid);

}  // namespace postern::bench
