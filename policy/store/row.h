#pragma once

#include <cstdint>
#include <string_view>

#include "policy/store/store.h"

/// How an entry stands in a file.
namespace postern::store::row {

/// Milliseconds since 1970.
std::int64_t time_to_file(WallTime time);
WallTime time_from_file(std::int64_t time);
/// Tells that the row is as it was written.
std::int64_t mark(Space space, std::string_view key, std::string_view value, std::int64_t expires);

}  // namespace postern::store::row
