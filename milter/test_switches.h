#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace postern {

/// What tests may do to a daemon, to show what its protections are there for: `postern run --test-…`, hidden. Never a
/// setting of the configuration.
struct TestSwitches {
  std::set<std::string, std::less<>> left_out;        ///< `--test-without NAME`: protections that are off
  std::string fault;                                  ///< `--test-fault STEP[/KIND]`, see FaultPlan
  std::optional<std::chrono::milliseconds> patience;  ///< `--test-patience MS`: with silent clients and half packets

  std::optional<std::uint64_t> memory;  ///< `--test-memory BYTES`: as if that were the limit

  bool without(std::string_view part) const { return left_out.contains(part); }
};

}  // namespace postern
