#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace postern::geo {

enum class Type : std::uint8_t { text = 2, uint16 = 5, uint32 = 6, map = 7 };  // of those that there are

struct Value {
  Type type{};
  std::string_view bytes;  ///< a text, or a number of at most so many bytes, the highest first
};

/// The value under `keys` of the map at `offset` of a data section (MaxMind DB File Format 2.0, "Output Data Section"), map
/// within map. Nothing where it is not there, or where the section is broken, deeper than 16, or takes over 10,000 steps:
/// libmaxminddb's own functions go as deep as the data says, and a stack ends before that.
std::optional<Value> find(std::string_view section, std::size_t offset, std::span<const std::string_view> keys);

/// Whether the first value of the section, a map as a rule, is whole and within those bounds.
bool is_sane(std::string_view section);

}  // namespace postern::geo
