#include "tests/bench/process.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace postern::bench {

namespace {

std::string folder(int pid) { return "/proc/" + std::to_string(pid); }

}  // namespace

double cpu_seconds(int pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
    throw std::runtime_error("no such process");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::size_t pss_kib(int pid) {
  std::ifstream file(folder(pid) + "/smaps_rollup");
  for (std::string word; file >> word;) {
    if (word != "Pss:") continue;
    std::size_t kib = 0;
    file >> kib;
    return kib;
  }
  throw std::runtime_error("no memory figures of process " + std::to_string(pid));
}

std::size_t threads(int pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator(folder(pid) + "/task")) ++count;
  return count;
}

}  // namespace postern::bench
