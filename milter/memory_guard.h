#pragma once

#include <cstdint>
#include <optional>

namespace postern {

/// Tells when the process comes near to the memory that it may use, before the kernel ends it (FAULTS T68).
///
/// It is near from 80 % of the limit on, until it is below 75 % again. Not thread-safe.
class MemoryGuard {
 public:
  /// `limit` in bytes; none: never near.
  explicit MemoryGuard(std::optional<std::uint64_t> limit) : limit_(limit) {}

  bool is_near(std::uint64_t resident_bytes);

 private:
  const std::optional<std::uint64_t> limit_;
  bool near_ = false;
};

/// What the control group of this process may use (MemoryMax=), or one above it; nothing when that is not limited or not
/// told.
std::optional<std::uint64_t> memory_limit();
/// What this process uses, 0 when that is not told.
std::uint64_t resident_bytes();

}  // namespace postern
