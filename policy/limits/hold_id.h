#pragma once

#include <cstdint>

namespace postern::limits {

/// What the number of a hold says: where its reservation stands.
struct HoldId {
  bool coarse = false;       ///< among the coarser keys
  bool open = false;         ///< there is a reservation
  bool placed = true;        ///< its value, where it counts one, has a place; false: there was no memory for it
  std::uint32_t serial = 0;  ///< of the account, 29 bits: that it is still the same
  std::uint32_t lease = 0;   ///< the slot of kLease

  std::uint64_t number() const {
    return std::uint64_t{coarse} << 63 | std::uint64_t{open} << 62 | std::uint64_t{placed} << 61 |
           std::uint64_t{serial} << 32 | lease;
  }
  static HoldId of(std::uint64_t number) {
    return {.coarse = (number >> 63) != 0,
            .open = (number >> 62 & 1) != 0,
            .placed = (number >> 61 & 1) != 0,
            .serial = static_cast<std::uint32_t>(number >> 32) & ((1u << 29) - 1),
            .lease = static_cast<std::uint32_t>(number)};
  }
};

}  // namespace postern::limits
