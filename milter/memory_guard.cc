#include "milter/memory_guard.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace postern {

namespace {

// The last part of a line "0::/system.slice/postern.service" (cgroups(7), version 2).
std::string control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return {};
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::uint64_t number = 0;
  if (std::ifstream(path) >> number) return number;  // "max" is none
  return std::nullopt;
}

}  // namespace

bool MemoryGuard::is_near(std::uint64_t bytes) {
  if (!limit_) return false;
  near_ = bytes >= *limit_ / 100 * (near_ ? 75 : 80);
  return near_;
}

std::optional<std::uint64_t> memory_limit() {
  std::optional<std::uint64_t> least;
  for (std::string group = control_group(); !group.empty() && group != "/"; group = group.substr(0, group.rfind('/'))) {
    const std::optional<std::uint64_t> limit = number_in("/sys/fs/cgroup" + group + "/memory.max");
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

std::uint64_t resident_bytes() {
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(std::ifstream("/proc/self/statm") >> size >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace postern
